"""Receivers are told of payments that failed, were refunded or are disputed: once for each, in any order."""

from __future__ import annotations

import random
from typing import Any

import pytest

from billing.services.sync import sync_customer
from kv.models import EventReceiver, OutgoingEvent
from tests.billing.scenario import Scenario
from tests.kv.event_receiver import register


@pytest.fixture(autouse=True)
def receiver(scenario: Scenario) -> None:
    register("https://example.com/", "payment.failed", "payment.refunded", "payment.disputed", "plan.changed")


def events_of(name: str) -> list[dict[str, Any]]:
    return list(OutgoingEvent.objects.filter(type=name).order_by("pk").values_list("data", flat=True))


@pytest.mark.parametrize("seed", range(4))
def test_refunds_and_disputes_in_any_order(scenario: Scenario, seed: int) -> None:
    session = scenario.buy_tokens()
    one = scenario.stripe.actions.refund(session, 100)
    other = scenario.stripe.actions.refund(session, 150)
    dispute = scenario.stripe.actions.dispute(scenario.buy_tokens())
    events = [*scenario.stripe.state.events, *scenario.stripe.state.events]
    random.Random(seed).shuffle(events)
    scenario.deliver(events)
    refunds = events_of("payment.refunded")
    assert sorted((data["id"], data["amount_cents"]) for data in refunds) == sorted(
        [(one["id"], 100), (other["id"], 150)]
    )
    assert {(data["user_id"], data["currency"]) for data in refunds} == {(scenario.user_id, "EUR")}
    assert [data["id"] for data in events_of("payment.disputed")] == [dispute["id"]]


def test_a_refund_that_failed_at_once_is_none(scenario: Scenario) -> None:
    session = scenario.buy_tokens()
    refund = scenario.stripe.actions.refund(session, 250)
    scenario.stripe.actions.fail_refund(refund["id"])
    scenario.deliver()
    assert events_of("payment.refunded") == []


def test_without_a_receiver_stripe_is_not_asked_more(scenario: Scenario) -> None:
    EventReceiver.objects.get().delete()
    session = scenario.buy_tokens()
    scenario.stripe.actions.refund(session, 100)
    before = len(scenario.stripe.state.requests)
    scenario.deliver()
    assert [one for one in scenario.stripe.state.requests[before:] if "/refunds/re_" in one] == []
    assert events_of("payment.refunded") == []


def test_a_renewal_that_fails_is_told_of_once(scenario: Scenario) -> None:
    scenario.stripe.actions.renew(scenario.buy_plan("Plus"), paid=False)
    scenario.deliver()
    for _ in range(2):
        sync_customer(scenario.customer, now=scenario.now)
    (data,) = events_of("payment.failed")
    assert (data["user_id"], data["plan"], data["currency"]) == (scenario.user_id, "Plus", "EUR")
    assert data["payment"].startswith("in_")
    assert data["amount_cents"] > 0


def test_each_change_of_a_plan_is_told_of_once(scenario: Scenario) -> None:
    subscription = scenario.buy_plan("Plus")
    scenario.deliver()
    for price in ("premium_month", "plus_month"):
        scenario.stripe.actions.change_price(subscription, scenario.shop[price])
        for _ in range(2):
            scenario.deliver()
    assert [(data["from"], data["to"]) for data in events_of("plan.changed")] == [
        ("Free", "Plus"), ("Plus", "Premium"), ("Premium", "Plus"),
    ]  # fmt: skip
