"""No secret, card number or e-mail address gets into a log, an error, a page or a table."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import stripe as library
from django.core.checks import Error, run_checks
from django.test import Client, override_settings

from billing.checks import check_address, check_products, check_secrets
from billing.errors import StripeRefused, StripeUnavailable
from billing.models import StripeEvent
from billing.services.stripe_api import stripe_errors
from tests.billing.scenario import HOOK, SECRET, Scenario
from tests.stripe_fake import Fault

KEY = "sk_test_secretofthesite"


def _made(kind: Any, *args: Any, **fields: Any) -> Exception:
    """Some of the library's errors have no types."""
    made: Exception = kind(*args, **fields)
    return made


WORDS = ("secretofthesite", "secretofthehook", "buyer@example.org")


def test_nothing_leaks_while_everything_fails(
    scenario: Scenario, admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="billing")
    scenario.user.email = "buyer@example.org"
    scenario.user.save()
    subscription = scenario.buy_plan()
    for status in (401, 403, 429, 500, 0):
        scenario.stripe.state.faults.append(Fault("GET /v1/subscriptions", status))
    with override_settings(STRIPE_TIMEOUT=0.3):
        for _ in range(5):
            scenario.stripe.actions.update(subscription)
            assert scenario.post(scenario.stripe.state.events[-1]) == 200
            scenario.work()
    Client().post(HOOK, b"{}", content_type="application/json", headers={"Stripe-Signature": "t=1,v1=x"})
    pages = [
        "/admin/",
        "/admin/billing/stripeevent/",
        f"/admin/billing/stripecustomer/{scenario.row().pk}/change/",
        "/pricing",
    ]
    pages += [f"/admin/billing/stripeevent/{event.pk}/change/" for event in StripeEvent.objects.all()]
    seen = [admin_client.get(page).content.decode() for page in pages]
    errors = list(StripeEvent.objects.values_list("error", flat=True))
    said = [caplog.text, *seen, *errors]
    assert [word for word in WORDS for text in said if word in text] == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (library.AuthenticationError(f"Invalid API Key provided: {KEY}", http_status=401), StripeUnavailable),
        (library.PermissionError(f"The key {KEY} may not", http_status=403), StripeUnavailable),
        (library.RateLimitError("slow down", http_status=429), StripeUnavailable),
        (_made(library.APIConnectionError, f"can't reach with {KEY}"), StripeUnavailable),
        (library.APIError("broken", http_status=500), StripeUnavailable),
        (library.IdempotencyError("in use", http_status=409), StripeUnavailable),
        (_made(library.InvalidRequestError, f"No such customer for {KEY}", "customer", http_status=404), StripeRefused),
        (_made(library.CardError, "Your card 4242 was declined", "", "card_declined", http_status=402), StripeRefused),
    ],
)
def test_stripe_s_own_words_stay_out(error: Exception, kind: type[Exception], caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(kind) as raised, stripe_errors():
        raise error
    assert KEY not in str(raised.value) + caplog.text
    assert "4242" not in str(raised.value) + caplog.text
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


class TestChecks:
    def ids(self, check: Any, **settings: Any) -> list[str | None]:
        with override_settings(**settings):
            return [message.id for message in check(None)]

    def test_all_is_well(self, shop: dict[str, str]) -> None:
        assert self.ids(check_secrets) == self.ids(check_products) == self.ids(check_address) == []

    @pytest.mark.django_db  # the first check of a process asks the database for its features
    def test_off_is_well_too(self) -> None:
        assert [error for error in run_checks() if (error.id or "").startswith("billing")] == []

    def test_a_key_without_a_hook_secret(self) -> None:
        with override_settings(STRIPE_SECRET_KEY=KEY):
            found = check_secrets(None)
        assert [error.id for error in found] == ["billing.E001"]
        assert isinstance(found[0], Error)
        assert KEY not in str(found)

    def test_a_hook_secret_without_a_key(self) -> None:
        assert self.ids(check_secrets, STRIPE_WEBHOOK_SECRET=(SECRET,)) == ["billing.E002"]

    def test_a_key_that_is_none(self) -> None:
        settings = {"STRIPE_SECRET_KEY": "pk_test_public", "STRIPE_WEBHOOK_SECRET": (SECRET,)}
        assert self.ids(check_secrets, **settings) == ["billing.E003"]

    def test_products_and_top_ups(self, shop: dict[str, str]) -> None:
        assert self.ids(check_products, STRIPE_PRODUCT_PREMIUM=shop["plus"]) == ["billing.E004"]
        nothing = {"STRIPE_PRODUCT_PLUS": "", "STRIPE_PRODUCT_PREMIUM": "", "BILLING_TOPUPS": {}}
        assert self.ids(check_products, **nothing) == ["billing.W005"]
        assert self.ids(check_products, PLAN_ALLOWANCES={"Free": 1, "Premium": 2}) == ["billing.E004"]
        assert self.ids(check_products, BILLING_GRACE_DAYS=-1) == ["billing.E009"]
        # Nobody pays for it, so nobody can try it for nothing.
        assert self.ids(check_products, BILLING_TRIAL_DAYS={"Free": 3}) == ["billing.E011"]
        assert self.ids(check_products, BILLING_TOPUPS={0: "price_x"}) == ["billing.E006"]
        assert self.ids(check_products, BILLING_TOPUPS={10: "prod_x"}) == ["billing.E006"]

    def test_a_live_key_goes_to_stripe_alone(self) -> None:
        settings = {"STRIPE_SECRET_KEY": "sk_live_x", "STRIPE_API_BASE": "http://127.0.0.1:1"}
        assert self.ids(check_address, **settings) == ["billing.E007"]


def test_no_request_leaves_this_machine(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request of the library goes to the fake Stripe."""
    import requests

    seen: list[str] = []
    send = requests.Session.request

    def spying(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        seen.append(url)
        return send(self, method, url, *args, **kwargs)

    monkeypatch.setattr(requests.Session, "request", spying)
    scenario.buy_plan()
    scenario.deliver()
    assert seen
    assert all(url.startswith(scenario.stripe.url) for url in seen)
