"""Staff resets a paying user: what is paid for stays, and Stripe's next events change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from billing.types import Plan
from tests.billing.fixtures import buyer, scenario, shop, stripe
from tests.billing.scenario import Scenario
from usertokens.services import balances, dashboards, plans, resets
from usertokens.services.audits import check_ledgers
from usertokens.types import Tokens

__all__ = ["buyer", "scenario", "shop", "stripe"]

pytestmark = pytest.mark.django_db


def tokens(scenario: Scenario) -> Tokens:
    return balances.get_balance(scenario.user_id, now=scenario.now).tokens


def reset(scenario: Scenario) -> Any:
    balances.spend_tokens(scenario.user_id, 40, now=scenario.now)
    first_day = resets.reset_user(scenario.user_id, now=scenario.now)
    assert first_day.tokens == tokens(scenario)
    assert first_day.stats.plan == scenario.plan
    assert check_ledgers([scenario.user_id], now=scenario.now)[0].problems == ()
    return first_day


@pytest.mark.parametrize("interval", ["month", "year"])
def test_the_plan_and_its_period_stay_with_a_whole_allowance(scenario: Scenario, interval: str) -> None:
    scenario.buy_plan(Plan("Plus"), interval)
    scenario.deliver()
    # Also in a later month of a year that is paid for.
    scenario.stripe.state.now += 40 * 86400 if interval == "year" else 3 * 86400
    before = tokens(scenario)
    balances.spend_tokens(scenario.user_id, 300, now=scenario.now)
    first_day = reset(scenario)
    assert (scenario.plan, scenario.balance, first_day.stats.generations) == ("Plus", 1000, 0)
    assert tokens(scenario) == before
    # The same state, applied again.
    scenario.deliver()
    assert (scenario.plan, tokens(scenario)) == ("Plus", before)


def test_the_next_period_comes_as_if_nothing_had_been(scenario: Scenario) -> None:
    subscription = scenario.buy_plan()
    scenario.deliver()
    reset(scenario)
    balances.spend_tokens(scenario.user_id, 900, now=scenario.now)
    scenario.stripe.actions.renew(subscription)
    scenario.deliver()
    assert (scenario.plan, scenario.balance) == ("Plus", 1000)


def test_a_month_that_is_not_paid_brings_nothing(scenario: Scenario) -> None:
    subscription = scenario.buy_plan()
    scenario.deliver()
    scenario.stripe.actions.renew(subscription, paid=False)
    scenario.deliver()
    resets.reset_user(scenario.user_id, now=scenario.now)
    assert (scenario.plan, scenario.balance) == ("Plus", 0)
    scenario.stripe.actions.recover(subscription)
    scenario.deliver()
    assert (scenario.plan, scenario.balance) == ("Plus", 1000)


def test_bought_tokens_go_and_do_not_come_again(scenario: Scenario) -> None:
    scenario.buy_plan()
    scenario.buy_tokens(5000)
    scenario.deliver()
    assert scenario.balance == 6000
    reset(scenario)
    scenario.deliver()
    assert (scenario.plan, scenario.balance) == ("Plus", 1000)


def test_who_has_stopped_paying_is_free(scenario: Scenario) -> None:
    subscription = scenario.buy_plan()
    scenario.deliver()
    scenario.stripe.actions.end(subscription)
    scenario.deliver()
    reset(scenario)
    assert (scenario.plan, scenario.balance) == ("Free", 100)


def test_a_plan_set_by_hand_goes(scenario: Scenario) -> None:
    plans.set_plan(scenario.user_id, "Premium", now=scenario.now)
    reset(scenario)
    assert dashboards.read_dashboard(scenario.user_id, now=scenario.now).stats.plan == "Free"
    assert scenario.balance == 100
