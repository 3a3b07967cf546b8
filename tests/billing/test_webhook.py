"""The webhook endpoint: what it accepts, refuses and stores."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe as stripe_library
from django.conf import settings
from django.db import OperationalError
from django.test import Client, override_settings

from billing.models import StripeEvent
from billing.services import inbox
from kv.errors import StoreUnavailable
from tests.billing.scenario import HOOK, SECRET, Scenario
from tests.stripe_fake import FakeStripe, signed
from tests.stripe_fake.state import Shape

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(stripe: FakeStripe) -> Shape:
    return stripe.state.emit("invoice.paid", {"id": "in_1", "object": "invoice", "customer": "cus_1"})


def send(body: bytes, signature: str | None) -> Any:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return Client().post(HOOK, body, content_type="application/json", headers=headers)


@pytest.mark.usefixtures("shop", "store")
class TestSignature:
    def test_signed_by_stripe(self, event: Shape) -> None:
        answer = send(*signed(event, SECRET))
        assert (answer.status_code, answer.json()) == (200, {"received": True})
        assert StripeEvent.objects.get().event_id == event["id"]

    @pytest.mark.parametrize("offset", [-299, 299])
    def test_a_little_off_is_let_in(self, event: Shape, offset: int) -> None:
        assert send(*signed(event, SECRET, timestamp=int(time.time()) + offset)).status_code == 200

    @pytest.mark.parametrize("offset", [-302, 302, 10**6])
    def test_old_or_future_is_refused(self, event: Shape, offset: int) -> None:
        assert send(*signed(event, SECRET, timestamp=int(time.time()) + offset)).status_code == 400

    @pytest.mark.parametrize(
        "change",
        [
            lambda body, signature: (body, None),
            lambda body, signature: (body, ""),
            lambda body, signature: (body, "t=x,v1=y"),
            lambda body, signature: (body, f"t={int(time.time())}"),
            lambda body, signature: (body, signature.replace("v1=", "v0=")),
            lambda body, signature: (body, f"t={int(time.time())},v1=é"),
            lambda body, signature: (body, f"t={int(time.time())},v1"),
            lambda body, signature: (body, f"t=1,{signature}"),
            lambda body, signature: (body.replace(b"invoice.paid", b"invoice.paie"), signature),
            lambda body, signature: (body + b" ", signature),
            lambda body, signature: (b"\xff" + body, signature),
        ],
    )
    def test_missing_wrong_or_of_another_body(self, event: Shape, change: Callable[..., Any]) -> None:
        answer = send(*change(*signed(event, SECRET)))
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
        assert not StripeEvent.objects.exists()

    def test_of_another_secret(self, event: Shape) -> None:
        assert send(*signed(event, "whsec_of_somebody_else")).status_code == 400

    def test_two_secrets_hold_during_a_roll(self, event: Shape) -> None:
        with override_settings(STRIPE_WEBHOOK_SECRET=("whsec_new", SECRET)):
            assert send(*signed(event, SECRET)).status_code == 200
            assert send(*signed({**event, "id": "evt_2"}, "whsec_new")).status_code == 200

    def test_without_a_secret_everything_is_refused(self, event: Shape) -> None:
        with override_settings(STRIPE_WEBHOOK_SECRET=()):
            answer = send(*signed(event, SECRET))
        assert (answer.status_code, answer.json()["code"]) == (503, "billing_off")
        assert not StripeEvent.objects.exists()

    def test_without_any_set_up_the_endpoint_refuses(self, event: Shape) -> None:
        with override_settings(STRIPE_WEBHOOK_SECRET=(), STRIPE_SECRET_KEY=""):
            assert send(*signed(event, SECRET)).status_code == 503


@pytest.mark.usefixtures("shop", "store")
class TestBody:
    def test_a_mebibyte_is_let_in_and_a_byte_more_is_not(self, event: Shape) -> None:
        def padded(size: int) -> bytes:
            body = json.dumps({**event, "padding": ""}).encode()
            return body.replace(b'"padding": ""', b'"padding": "' + b"x" * (size - len(body)) + b'"')

        for size, status in ((1024 * 1024, 200), (1024 * 1024 + 1, 413)):
            body = padded(size)
            assert len(body) == size

            signature = stripe_library.WebhookSignature.generate_signature_header(body.decode(), SECRET)
            assert send(body, signature).status_code == status

    @pytest.mark.parametrize(
        "event",
        [
            [],
            {},
            {"object": "event"},
            {"object": "event", "id": 7, "data": {"object": {}}},
            "text",
            None,
            {"object": "v2.core.event"},
        ],
    )
    def test_what_is_signed_and_no_event(self, event: Any) -> None:
        answer = send(*signed(event, SECRET))
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_event")

    def test_an_event_of_the_least_that_one_can_be(self) -> None:
        event = {"id": "evt_1", "type": "invoice.paid", "data": {"object": {"id": "in_1", "customer": "cus_7"}}}
        assert send(*signed(event, SECRET)).json() == {"received": True}
        kept = StripeEvent.objects.get()
        assert (kept.event_id, kept.type, kept.customer_id, kept.state) == (
            "evt_1",
            "invoice.paid",
            "cus_7",
            "received",
        )

    def test_what_is_signed_and_no_json(self) -> None:

        body = "{not json"
        answer = send(body.encode(), stripe_library.WebhookSignature.generate_signature_header(body, SECRET))
        assert answer.status_code == 400

    def test_a_duplicate_is_answered_and_kept_once(self, event: Shape) -> None:
        for _ in range(3):
            assert send(*signed(event, SECRET)).status_code == 200
        assert StripeEvent.objects.count() == 1

    def test_the_other_mode_is_parked(self, event: Shape) -> None:
        assert send(*signed({**event, "livemode": True}, SECRET)).status_code == 200
        kept = StripeEvent.objects.get()
        assert (kept.state, kept.error) == ("parked", "other mode")

    def test_other_methods_are_not_for_it(self) -> None:
        assert Client().get(HOOK).status_code == 405

    def test_a_customer_written_out_is_read_too(self, stripe: FakeStripe) -> None:
        event = stripe.state.emit("invoice.paid", {"id": "in_1", "object": "invoice", "customer": {"id": "cus_7"}})
        assert send(*signed(event, SECRET)).status_code == 200
        assert StripeEvent.objects.get().customer_id == "cus_7"


@pytest.mark.usefixtures("shop", "store")
class TestStoresAway:
    def test_the_store_of_counts_is_away(self, event: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(name: str) -> None:
            raise StoreUnavailable("away")

        monkeypatch.setattr(inbox, "wake_duty", away)
        assert send(*signed(event, SECRET)).status_code == 200
        assert StripeEvent.objects.get().state == "received"

    def test_the_database_is_away(self, event: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
        def locked(*args: Any, **kwargs: Any) -> None:
            raise OperationalError("database is locked")

        monkeypatch.setattr(StripeEvent, "save", locked)
        answer = send(*signed(event, SECRET))
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert answer.headers["Retry-After"] == "1"


def test_the_short_lane_serves_it_too(scenario: Scenario) -> None:
    """The WSGI application without sessions, by which granian serves the endpoint."""
    event = scenario.stripe.state.emit("invoice.paid", {"id": "in_1", "object": "invoice", "customer": "cus_1"})
    with override_settings(MIDDLEWARE=settings.API_MIDDLEWARE):
        assert send(*signed(event, SECRET)).status_code == 200
