"""Any order, any duplicate, any delay of Stripe's events ends in the state that Stripe is in.

Every order of up to four events. Of longer lifecycles a sample, with duplicates, and with deliveries between the steps.
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
from tests.billing.lifecycles import Lifecycle, lifecycles
from tests.billing.scenario import Scenario
from tests.samples import samples
from tests.stripe_fake import FakeStripe
from tests.stripe_fake.state import Shape
from usertokens.services import journal

SAMPLES = int(os.environ.get("ORDERS_SAMPLED", samples(20)))
ALL_OF_SEVEN = os.environ.get("ORDERS") == "all"
NAMES = [lifecycle.name for lifecycle in lifecycles()]


class Scenarios:
    """Makes one scenario after another, each with a new user, at the same time of day."""

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
def scenarios(stripe: FakeStripe, shop: dict[str, str], store: Any, db: Any) -> Scenarios:
    return Scenarios(stripe, shop)


def relevant(events: Sequence[Shape]) -> list[Shape]:
    return [event for event in events if event["type"] in RELEVANT]


def check(lifecycle: Lifecycle, scenario: Scenario, why: object) -> None:
    """The outcome is the expected one, and Stripe says the same."""
    scenario.work()
    state, expected = scenario.subscription, lifecycle.expected
    assert (scenario.plan, state.status, scenario.balance, scenario.debt) == (
        expected.plan,
        expected.status,
        expected.balance,
        expected.debt,
    ), why
    assert (state.pending.plan if state.pending else None) == expected.pending, why
    assert state.plan == expected.plan, why
    subscriptions = scenario.stripe.state.of("subscription")
    if subscriptions:
        item = subscriptions[0]["items"]["data"][0]
        assert state.period_end is not None
        assert state.period_end.timestamp() == item["current_period_end"], why
    entries = list(journal.iterate_transactions(scenario.user_id))
    assert sum(one.amount for one in entries if one.type == "grant") in (0, 1000), why
    bought = sum(one.amount for one in entries if one.type in ("grant", "refund", "restore", "freeze", "unfreeze"))
    assert bought == expected.bought, why
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
def test_every_order_ends_where_stripe_is(scenarios: Scenarios, name: str) -> None:
    """Everything happened before the first event is delivered. Neither order nor duplicates change the outcome."""
    scenario = scenarios.begin()
    lifecycle = next(one for one in lifecycles() if one.name == name)
    for step in lifecycle.steps:
        step(scenario)
    count = len(relevant(scenario.stripe.state.events))
    for turn, order in enumerate(orders_of([{"number": number} for number in range(count)])):
        scenario = scenarios.begin()
        for step in lifecycle.steps:
            step(scenario)
        events = relevant(scenario.stripe.state.events)
        numbers = [one["number"] for one in order]
        for number in numbers:
            assert scenario.post(events[number]) == 200
            # Applied one by one, and in every other turn all together.
            if turn % 2:
                scenario.work()
        check(lifecycle, scenario, numbers)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_events_that_come_between_the_steps(scenarios: Scenarios, name: str) -> None:
    """Each event is delivered some time after it happened, between any two steps. Some come twice, some at the end."""
    chance = random.Random(name)
    for _ in range(max(SAMPLES // 4, samples(12))):
        scenario = scenarios.begin()
        lifecycle = next(one for one in lifecycles() if one.name == name)
        steps, taken, trace = list(lifecycle.steps), 0, []
        waiting: list[Shape] = []
        while steps or waiting:
            events = relevant(scenario.stripe.state.events)
            waiting += events[taken:]
            taken = len(events)
            if steps and (not waiting or chance.random() < 0.5):
                trace.append(f"step {len(lifecycle.steps) - len(steps)}")
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
        check(lifecycle, scenario, trace)


@pytest.mark.slow
def test_two_customers_between_each_other(scenarios: Scenarios) -> None:
    """Events about one customer change nothing of the other, in any order."""
    chance = random.Random(2)
    for _ in range(max(SAMPLES // 4, samples(12))):
        first = scenarios.begin()
        second = Scenario(first.stripe, first.shop, User.objects.create_user(f"other{next(scenarios.users)}"))
        by_name = {lifecycle.name: lifecycle for lifecycle in lifecycles()}
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
        assert (first.plan, first.balance, first.debt) == (one.expected.plan, one.expected.balance, 0)
        assert (second.plan, second.balance, second.debt) == (other.expected.plan, other.expected.balance, 0)
