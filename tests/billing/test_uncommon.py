"""What the site does not sell itself and Stripe's dashboard can: paused collection, weeks, several of one plan."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.types import State
from tests.billing.story import Story
from usertokens.services import balances

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("behavior", ["void", "keep_as_draft", "mark_uncollectible"])
def test_paused_collection_is_not_read_for_ever(story: Story, behavior: str) -> None:
    subscription = story.stripe.desk.subscribe(story.customer, story.shop["plus_month"])["id"]
    story.deliver()
    story.stripe.desk.pause_collection(subscription, behavior)
    story.stripe.desk.renew(subscription)
    story.deliver()
    assert story.plan == "Plus"
    assert balances.get_balance(story.user_id, now=story.now).tokens.allowance == 0
    reads, began = 0, story.now
    while (due := story.row().next_sync_at) is not None and due < began + timedelta(days=25):
        reads += 1
        assert reads < 12, "a handful in a month, not one every two hours"
        story.stripe.world.now = int(due.timestamp()) + 1
        story.work()
    assert story.plan == "Plus"


def test_a_price_by_the_week_brings_tokens_with_each_period(story: Story) -> None:
    price = story.stripe.desk.add_price(story.shop["plus"], 300, "week")["id"]
    subscription = story.stripe.desk.subscribe(story.customer, price)["id"]
    story.deliver()
    assert (story.plan, story.balance) == ("Plus", 1000)
    story.stripe.desk.renew(subscription)
    story.deliver()
    assert (story.plan, story.balance) == ("Plus", 1000)
    assert State.PARKED not in story.states()


def test_several_of_one_plan_are_one(story: Story) -> None:
    story.stripe.desk.subscribe(story.customer, story.shop["plus_month"], quantity=3)
    story.deliver()
    assert (story.plan, story.balance) == ("Plus", 1000)
    assert set(story.states()) == {State.DONE}
