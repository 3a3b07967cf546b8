"""A payment by a link without a customer belongs to the user it names; so do its refunds and disputes."""

from __future__ import annotations

import random
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from billing.models import GuestCheckout, StripeCustomer
from billing.services.accounts import close_account
from billing.types import EventState
from tests.billing.scenario import Scenario
from tests.stripe_fake.state import Shape

pytestmark = pytest.mark.django_db


def pay(scenario: Scenario, tokens: int = 1000, **more: Any) -> Shape:
    link = scenario.stripe.actions.add_link(scenario.shop[f"topup_{tokens}"])
    names: dict[str, Any] = {"client_reference_id": scenario.user_id, **more}
    session = scenario.stripe.actions.pay_link(link["id"], **names)
    assert session["customer"] is None
    return session


@pytest.fixture
def start(scenario: Scenario) -> int:
    """The buyer's balance before any purchase."""
    return scenario.balance


def test_tokens_come_once(scenario: Scenario, start: int) -> None:
    pay(scenario)
    scenario.deliver()
    scenario.deliver()
    assert scenario.balance == start + 1000
    assert scenario.event("checkout.session.completed").state == EventState.DONE
    assert not StripeCustomer.objects.exists()


def test_a_quantity_counts(scenario: Scenario, start: int) -> None:
    pay(scenario, quantity=3)
    scenario.deliver()
    assert scenario.balance == start + 3000


def test_a_slow_payment_comes_later(scenario: Scenario, start: int) -> None:
    session = pay(scenario, pays=False)
    scenario.deliver()
    assert scenario.balance == start
    scenario.stripe.actions.settle(session["id"], paid=True)
    scenario.deliver()
    assert scenario.balance == start + 1000


def test_refund_and_dispute(scenario: Scenario, start: int) -> None:
    session = pay(scenario)
    scenario.deliver()
    scenario.stripe.actions.refund(session["id"], 250)
    scenario.deliver()
    assert scenario.balance == start + 500
    other = pay(scenario, 5000)
    scenario.deliver()
    dispute = scenario.stripe.actions.dispute(other["id"])
    scenario.deliver()
    assert scenario.balance == start + 500
    dispute["status"] = "won"
    scenario.deliver([scenario.stripe.state.emit("charge.dispute.closed", dispute)])
    assert scenario.balance == start + 5500


@pytest.mark.parametrize("seed", range(6))
def test_any_order_comes_to_the_same(scenario: Scenario, start: int, seed: int) -> None:
    session = pay(scenario)
    scenario.stripe.actions.refund(session["id"], 100)
    scenario.stripe.actions.refund(session["id"], 150)
    events = [*scenario.stripe.state.events, *scenario.stripe.state.events]
    random.Random(seed).shuffle(events)
    scenario.deliver(events)
    assert scenario.balance == start + 500
    assert EventState.PARKED not in scenario.states()


def test_beside_purchases_with_a_customer(scenario: Scenario, start: int) -> None:
    pay(scenario)
    scenario.buy_tokens(5000)
    scenario.buy_plan()
    scenario.deliver()
    assert scenario.balance == start + 6000 + 1000 - start
    assert scenario.plan == "Plus"


def test_nobody_or_a_stranger_is_parked(scenario: Scenario, start: int) -> None:
    for name in (None, "999999", "no id", "1" * 200):
        pay(scenario, client_reference_id=name)
    scenario.deliver()
    assert scenario.states()[EventState.PARKED] == 4
    assert scenario.balance == start
    assert not GuestCheckout.objects.exists()


def test_a_link_that_nobody_paid_is_done(scenario: Scenario) -> None:
    link = scenario.stripe.actions.add_link(scenario.shop["topup_1000"])
    session = scenario.stripe.actions.open_link(link["id"])
    scenario.stripe.actions.expire(session["id"])
    scenario.deliver()
    assert scenario.event("checkout.session.expired").state == EventState.DONE


def test_the_way_back_brings_it(scenario: Scenario, start: int, browser_client: Client) -> None:
    session = pay(scenario)
    page = browser_client.get("/pricing/return", {"session_id": session["id"]})
    assert "1,000 tokens are paid for" in page.content.decode()
    assert scenario.balance == start + 1000
    other = Client()
    other.force_login(type(scenario.user).objects.create_user("other"))
    assert other.get("/pricing/return", {"session_id": session["id"]}).status_code == 404


def test_a_resync_finds_it(scenario: Scenario, start: int) -> None:
    session = pay(scenario)
    scenario.deliver()
    scenario.stripe.actions.refund(session["id"])
    call_command("billing_resync", "--yes", "--per-second", "1000", stdout=StringIO())
    assert scenario.balance == start


def test_a_closed_account_gets_nothing(scenario: Scenario) -> None:
    session = pay(scenario)
    scenario.deliver()
    close_account(scenario.user_id)
    scenario.stripe.actions.refund(session["id"])
    scenario.deliver()
    assert scenario.event("charge.refunded").state == EventState.DONE
    assert GuestCheckout.objects.get().user is None


def test_events_of_the_second_api_are_taken_and_left_alone(scenario: Scenario) -> None:
    event = {
        "id": "evt_test_65S", "object": "v2.core.event", "type": "v2.core.account.updated", "livemode": False,
        "created": "2026-11-28T10:00:00.000Z", "related_object": {"id": "acct_1", "type": "v2.core.account"},
    }  # fmt: skip
    assert scenario.post(event) == 200
    assert scenario.post(event) == 200
    scenario.work()
    row = scenario.event("v2.core.account.updated")
    assert (row.state, row.object_id) == (EventState.DONE, "acct_1")
