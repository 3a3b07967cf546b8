"""A member of staff resets somebody who pays: what is paid for stays, and Stripe's next word changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from billing.types import Plan
from tests.billing.fixtures import buyer, shop, story, stripe
from tests.billing.story import Story
from usertokens.services import balances, dashboards, plans, resets
from usertokens.services.audits import check_ledgers
from usertokens.types import Tokens

__all__ = ["buyer", "shop", "story", "stripe"]

pytestmark = pytest.mark.django_db


def tokens(story: Story) -> Tokens:
    return balances.get_balance(story.user_id, now=story.now).tokens


def reset(story: Story) -> Any:
    balances.spend_tokens(story.user_id, 40, now=story.now)
    first_day = resets.reset_user(story.user_id, now=story.now)
    assert first_day.tokens == tokens(story)
    assert first_day.stats.plan == story.plan
    assert check_ledgers([story.user_id], now=story.now)[0].problems == ()
    return first_day


@pytest.mark.parametrize("interval", ["month", "year"])
def test_the_plan_and_its_period_stay_with_a_whole_allowance(story: Story, interval: str) -> None:
    story.buy_plan(Plan("Plus"), interval)
    story.deliver()
    # Also in a later month of a year that was paid for at once.
    story.stripe.world.now += 40 * 86400 if interval == "year" else 3 * 86400
    before = tokens(story)
    balances.spend_tokens(story.user_id, 300, now=story.now)
    first_day = reset(story)
    assert (story.plan, story.balance, first_day.stats.generations) == ("Plus", 1000, 0)
    assert tokens(story) == before
    # All of it said once more.
    story.deliver()
    assert (story.plan, tokens(story)) == ("Plus", before)


def test_the_next_period_comes_as_if_nothing_had_been(story: Story) -> None:
    subscription = story.buy_plan()
    story.deliver()
    reset(story)
    balances.spend_tokens(story.user_id, 900, now=story.now)
    story.stripe.desk.renew(subscription)
    story.deliver()
    assert (story.plan, story.balance) == ("Plus", 1000)


def test_a_month_that_is_not_paid_brings_nothing(story: Story) -> None:
    subscription = story.buy_plan()
    story.deliver()
    story.stripe.desk.renew(subscription, paid=False)
    story.deliver()
    resets.reset_user(story.user_id, now=story.now)
    assert (story.plan, story.balance) == ("Plus", 0)
    story.stripe.desk.recover(subscription)
    story.deliver()
    assert (story.plan, story.balance) == ("Plus", 1000)


def test_bought_tokens_go_and_do_not_come_again(story: Story) -> None:
    story.buy_plan()
    story.buy_tokens(5000)
    story.deliver()
    assert story.balance == 6000
    reset(story)
    story.deliver()
    assert (story.plan, story.balance) == ("Plus", 1000)


def test_who_has_stopped_paying_is_free(story: Story) -> None:
    subscription = story.buy_plan()
    story.deliver()
    story.stripe.desk.end(subscription)
    story.deliver()
    reset(story)
    assert (story.plan, story.balance) == ("Free", 100)


def test_a_plan_set_by_hand_goes(story: Story) -> None:
    plans.set_plan(story.user_id, "Premium", now=story.now)
    reset(story)
    assert dashboards.read_dashboard(story.user_id, now=story.now).stats.plan == "Free"
    assert story.balance == 100
