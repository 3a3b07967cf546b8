"""Any order, any duplicate, any delay of Stripe's events ends in the state that Stripe is in.

Every order of up to four events; of longer lives a sample, with duplicates, and delivered while the life still goes on.
`make test-orders` runs every order of seven (ORDERS=all) and larger samples (ORDERS_SAMPLED).
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.contrib.auth.models import User

from billing.models import StripeCustomer, StripeEvent
from billing.services.events import RELEVANT
from tests.billing.lives import Life, lives
from tests.billing.scenario import Scenario
from tests.stripe_fake import FakeStripe
from tests.stripe_fake.state import Shape
from usertokens.services import journal

SAMPLES = int(os.environ.get("ORDERS_SAMPLED", "50"))
ALL_OF_SEVEN = os.environ.get("ORDERS") == "all"
NAMES = [life.name for life in lives()]


class Stage:
    """Plays a life again and again, each time with a new user, at the same time of day."""

    def __init__(self, stripe: FakeStripe, shop: dict[str, str]) -> None:
        self.stripe, self.shop = stripe, shop
        self.stock = dict(stripe.state.objects)
        self.opened = stripe.state.now
        self.users = itertools.count()

    def begin(self) -> Scenario:
        state = self.stripe.state
        state.objects = dict(self.stock)
        state.events, state.now = [], self.opened
        StripeEvent.objects.all().delete()
        StripeCustomer.objects.all().delete()
        return Scenario(self.stripe, self.shop, User.objects.create_user(f"player{next(self.users)}"))


@pytest.fixture
def stage(stripe: FakeStripe, shop: dict[str, str], store: Any, db: Any) -> Stage:
    return Stage(stripe, shop)


def relevant(events: Sequence[Shape]) -> list[Shape]:
    return [event for event in events if event["type"] in RELEVANT]


def check(life: Life, scenario: Scenario, why: object) -> None:
    """The end is the life's, and it is Stripe's."""
    scenario.work()
    standing, end = scenario.standing, life.end
    assert (scenario.plan, standing.status, scenario.balance, scenario.debt) == (
        end.plan,
        end.status,
        end.balance,
        end.debt,
    ), why
    assert (standing.pending.plan if standing.pending else None) == end.pending, why
    assert standing.plan == end.plan, why
    subscriptions = scenario.stripe.state.of("subscription")
    if subscriptions:
        item = subscriptions[0]["items"]["data"][0]
        assert standing.period_end is not None
        assert standing.period_end.timestamp() == item["current_period_end"], why
    entries = list(journal.iterate_transactions(scenario.user_id))
    assert sum(one.amount for one in entries if one.type == "grant") in (0, 1000), why
    bought = sum(one.amount for one in entries if one.type in ("grant", "refund", "restore", "freeze", "unfreeze"))
    assert bought == end.bought, why
    assert set(scenario.states()) == {"done"}, why


def orders_of(events: list[Shape]) -> Iterator[tuple[Shape, ...]]:
    if len(events) <= 4 or (ALL_OF_SEVEN and len(events) <= 7):
        yield from itertools.permutations(events)
        return
    chance = random.Random(len(events))
    for _ in range(SAMPLES):
        order = events + chance.choices(events, k=chance.randrange(4))
        chance.shuffle(order)
        yield tuple(order)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_order_ends_where_stripe_is(stage: Stage, name: str) -> None:
    """All happened before the first event comes: the order, and what comes twice, must not matter."""
    scenario = stage.begin()
    life = next(one for one in lives() if one.name == name)
    for step in life.steps:
        step(scenario)
    count = len(relevant(scenario.stripe.state.events))
    for turn, order in enumerate(orders_of([{"number": number} for number in range(count)])):
        scenario = stage.begin()
        for step in life.steps:
            step(scenario)
        events = relevant(scenario.stripe.state.events)
        numbers = [one["number"] for one in order]
        for number in numbers:
            assert scenario.post(events[number]) == 200
            # Applied one by one, and every other time all together.
            if turn % 2:
                scenario.work()
        check(life, scenario, numbers)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_events_that_come_while_life_goes_on(stage: Stage, name: str) -> None:
    """Each comes some time after it happened, between whatever steps; some come twice; some are left to the end."""
    chance = random.Random(name)
    for _ in range(max(SAMPLES // 4, 12)):
        scenario = stage.begin()
        life = next(one for one in lives() if one.name == name)
        steps, taken, trace = list(life.steps), 0, []
        waiting: list[Shape] = []
        while steps or waiting:
            events = relevant(scenario.stripe.state.events)
            waiting += events[taken:]
            taken = len(events)
            if steps and (not waiting or chance.random() < 0.5):
                trace.append(f"step {len(life.steps) - len(steps)}")
                steps.pop(0)(scenario)
            elif waiting:
                event = waiting.pop(chance.randrange(len(waiting)))
                trace.append(event["type"])
                assert scenario.post(event) == 200
                if chance.random() < 0.2:
                    waiting.append(event)
                if chance.random() < 0.7:
                    scenario.work()
        events = relevant(scenario.stripe.state.events)
        for event in events[taken:]:
            assert scenario.post(event) == 200
        check(life, scenario, trace)


@pytest.mark.slow
def test_two_customers_between_each_other(stage: Stage) -> None:
    """What comes about the one changes nothing of the other, in whatever order both come."""
    chance = random.Random(2)
    for _ in range(max(SAMPLES // 4, 12)):
        first = stage.begin()
        second = Scenario(first.stripe, first.shop, User.objects.create_user(f"other{next(stage.users)}"))
        by_name = {life.name: life for life in lives()}
        one, other = by_name["upgraded"], by_name["tokens, disputed in part, lost"]
        steps = [(first, step) for step in one.steps] + [(second, step) for step in other.steps]
        # Shuffled, but each customer's own steps in their order.
        turns = [who for who, _ in steps]
        chance.shuffle(turns)
        left = {id(first): list(one.steps), id(second): list(other.steps)}
        for who in turns:
            left[id(who)].pop(0)(who)
        events = relevant(first.stripe.state.events)
        chance.shuffle(events)
        for event in events:
            assert first.post(event) == 200
            first.work()
        assert (first.plan, first.balance, first.debt) == (one.end.plan, one.end.balance, 0)
        assert (second.plan, second.balance, second.debt) == (other.end.plan, other.end.balance, 0)
