"""What the site does not sell but Stripe's dashboard can: paused collection, weekly periods, several of one plan."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.types import EventState
from tests.billing.scenario import Scenario
from usertokens.services import balances

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("behavior", ["void", "keep_as_draft", "mark_uncollectible"])
def test_paused_collection_is_not_read_for_ever(scenario: Scenario, behavior: str) -> None:
    subscription = scenario.stripe.actions.subscribe(scenario.customer, scenario.shop["plus_month"])["id"]
    scenario.deliver()
    scenario.stripe.actions.pause_collection(subscription, behavior)
    scenario.stripe.actions.renew(subscription)
    scenario.deliver()
    assert scenario.plan == "Plus"
    assert balances.get_balance(scenario.user_id, now=scenario.now).tokens.allowance == 0
    reads, began = 0, scenario.now
    while (due := scenario.row().next_sync_at) is not None and due < began + timedelta(days=25):
        reads += 1
        assert reads < 12, "a handful in a month, not one every two hours"
        scenario.stripe.state.now = int(due.timestamp()) + 1
        scenario.work()
    assert scenario.plan == "Plus"


def test_a_price_by_the_week_brings_tokens_with_each_period(scenario: Scenario) -> None:
    price = scenario.stripe.actions.add_price(scenario.shop["plus"], 300, "week")["id"]
    subscription = scenario.stripe.actions.subscribe(scenario.customer, price)["id"]
    scenario.deliver()
    assert (scenario.plan, scenario.balance) == ("Plus", 1000)
    scenario.stripe.actions.renew(subscription)
    scenario.deliver()
    assert (scenario.plan, scenario.balance) == ("Plus", 1000)
    assert EventState.PARKED not in scenario.states()


def test_several_of_one_plan_are_one(scenario: Scenario) -> None:
    scenario.stripe.actions.subscribe(scenario.customer, scenario.shop["plus_month"], quantity=3)
    scenario.deliver()
    assert (scenario.plan, scenario.balance) == ("Plus", 1000)
    assert set(scenario.states()) == {EventState.DONE}
