"""The same thing at the same moment by many workers on PostgreSQL: done once, and no error is reported."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from billing.models import StripeEvent
from codetags.models import DailyHits
from codetags.services.hits import record_hit
from codetags.services.rollup import roll_up_days
from tests.concurrency.simultaneous import WORKERS, at_once
from tests.site_client import SiteClient
from usertokens.models import Conversation
from usertokens.services.conversations import record_conversation

ROUNDS = 5
SECRET = "whsec_two_workers"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _quiet(store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None
    settings.STRIPE_SECRET_KEY = "sk_test_two"
    settings.STRIPE_WEBHOOK_SECRET = (SECRET,)


@pytest.fixture
def clients() -> list[SiteClient]:
    """One each, made before the threads are: it changes settings for a moment."""
    return [SiteClient() for _ in range(WORKERS)]


def hook(client: SiteClient, name: str) -> Any:
    now = int(time.time())
    event = {"id": name, "object": "event", "type": "customer.updated", "created": now, "livemode": False,
             "api_version": "2026-10-28", "data": {"object": {"id": "cus_1", "object": "customer"}}}  # fmt: skip
    body = json.dumps(event).encode()
    signature = hmac.new(SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={now},v1={signature}", "User-Agent": "Stripe/1.0"}
    return client.post("/api/webhooks/stripe", body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_the_same_hook_is_written_down_once(turn: int, clients: list[SiteClient]) -> None:
    answers = at_once(lambda number: hook(clients[number], f"evt_{turn}"))
    assert [answer.status_code for answer in answers] == [200] * WORKERS
    assert StripeEvent.objects.count() == 1


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_the_same_rollup_writes_each_row_once(turn: int) -> None:
    for number in range(40):
        record_hit(code=f"CO{number % 10:02}", address=f"198.51.100.{number}", agent="Firefox")
    at_once(lambda _: roll_up_days())
    assert sorted(DailyHits.objects.values_list("count", flat=True)) == [4] * 10


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_the_same_name_signs_up_once(turn: int, clients: list[SiteClient]) -> None:
    form = {"username": f"ada{turn}", "password1": "a long password", "password2": "a long password"}
    answers = at_once(lambda number: clients[number].post("/accounts/signup", form, headers={"User-Agent": BROWSER}))
    assert User.objects.filter(username=f"ada{turn}").count() == 1
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * (WORKERS - 1) + [302], "one signs up, the others see that the name is taken"


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_the_same_conversation_is_counted_once(turn: int) -> None:
    user = str(User.objects.create_user(f"ada{turn}").pk)
    name = UUID(int=turn)
    at_once(lambda _: record_conversation(user, summary="A talk", conversation_id=name))
    assert Conversation.objects.count() == 1
