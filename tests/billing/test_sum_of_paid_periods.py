"""Allowances grant what was paid for, in any order of events and however the site learns of them.

A few hundred short scenarios; PAID=deep (`make test-orders`) plays thousands, and others each time.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from billing.models import StripeCustomer, StripeEvent
from billing.services.events import RELEVANT
from billing.services.sync import sync_customer
from tests.billing.scenario import Scenario
from tests.samples import samples
from tests.stripe_fake import FakeStripe
from tests.stripe_fake.state import Shape
from tests.usertokens.model_periods import month_around
from usertokens.services import balances, journal
from usertokens.services.audits import check_ledgers

IS_DEEP = os.environ.get("PAID") == "deep"
PRICES = ("plus_month", "plus_year", "premium_month", "premium_year")
TOKENS = {"Free": 0, "Plus": 1000, "Premium": 5000}
MONTH = 32 * 86400


class PaidMachine(RuleBasedStateMachine):
    """The sum is kept by the actions: after each, a subscription without an open invoice has paid for its period."""

    stripe: FakeStripe
    shop: dict[str, str]
    stock: dict[str, Shape]
    opened: int

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.chance = random.Random(seed)
        state = self.stripe.state
        state.objects, state.events, state.now = dict(self.stock), [], self.opened
        state.cards.clear()
        StripeEvent.objects.all().delete()
        StripeCustomer.objects.all().delete()
        name = f"payer{User.objects.count()}"
        self.scenario = Scenario(self.stripe, self.shop, User.objects.create_user(name))
        self.customer = self.scenario.customer
        self.subscriptions: list[str] = []
        self.paid: dict[tuple[str, int, int], int] = {}
        self.delivered = 0
        self.settings = override_settings(PLAN_ALLOWANCES={"Free": 0, "Plus": 1000, "Premium": 5000})
        self.settings.enable()

    def teardown(self) -> None:
        if hasattr(self, "settings"):
            self.settings.disable()

    # --- what happens at Stripe
    @rule(price=st.sampled_from(PRICES), trial=st.sampled_from([0, 0, 7, 40]), pays=st.booleans())
    def buy(self, price: str, trial: int, *, pays: bool) -> None:
        made = self.stripe.actions.subscribe(
            self.customer, self.shop[price], {"user_id": self.scenario.user_id}, trial, pays=pays or trial > 0
        )
        self.subscriptions.append(made["id"])
        self.note()

    @precondition(lambda self: self.running())
    @rule(which=st.integers(0, 9))
    def end(self, which: int) -> None:
        self.stripe.actions.end(self.pick(which))

    @precondition(lambda self: self.settled())
    @rule(which=st.integers(0, 9), price=st.sampled_from(PRICES), pays=st.sampled_from([True, True, False]))
    def switch(self, which: int, price: str, *, pays: bool) -> None:
        name = self.pick(which, self.settled())
        item = self.of(name)["items"]["data"][0]
        is_long = item["current_period_end"] - item["current_period_start"] > MONTH
        if self.of(name)["status"] == "trialing" or is_long:
            # A trial is not paid, and a year's months have the present plan: either grants while it lasts.
            self.look()
        self.a_second_passes()
        self.stripe.actions.change_price(name, self.shop[price], pays=pays)
        self.note()
        self.look()  # a change that leaves no invoice behind is known from the subscription alone, while it lasts

    @precondition(lambda self: self.trials())
    @rule(which=st.integers(0, 9), pays=st.booleans())
    def end_trial(self, which: int, *, pays: bool) -> None:
        self.look()  # a trial is not paid: it grants its tokens while it lasts
        self.stripe.actions.end_trial(self.pick(which, self.trials()), pays=pays)
        self.note()

    @precondition(lambda self: self.settled())
    @rule(which=st.integers(0, 9))
    def move_anchor(self, which: int) -> None:
        name = self.pick(which, self.settled())
        if self.of(name)["status"] != "trialing":
            self.a_second_passes()
            self.stripe.actions.move_anchor(name)
            self.note()

    @precondition(lambda self: self.owing())
    @rule(which=st.integers(0, 9))
    def pay_after_all(self, which: int) -> None:
        name = self.pick(which, self.owing())
        self.stripe.actions.recover(name)
        self.note()

    @rule(which=st.integers(0, 9))
    def refund(self, which: int) -> None:
        charges = [one for one in self.stripe.state.of("charge") if one["status"] == "succeeded"]
        if charges:
            charge = charges[which % len(charges)]
            charge.update(refunded=True, amount_refunded=charge["amount"])
            self.stripe.state.emit("charge.refunded", charge)

    @precondition(lambda self: not self.owing())
    @rule(days=st.sampled_from([0.2, 3, 9, 20]), seconds=st.integers(1, 5000))
    def wait(self, days: float, seconds: int) -> None:
        """The site learns of all that was paid before its time is over; a resync does what lost events would have."""
        self.look()
        state = self.stripe.state
        moment = state.now + int(days * 86400) + seconds
        while (step := self.next_month(moment)) < moment:
            self.stripe.actions.advance_to(step)
            self.look()
        self.stripe.actions.advance_to(moment)
        self.look()

    def a_second_passes(self) -> None:
        """Stripe's times are whole seconds: two periods that begin in the same one can't be told apart."""
        self.stripe.actions.advance_to(self.stripe.state.now + 1)

    # --- how the site learns of it
    @rule(loses=st.booleans(), works=st.booleans())
    def deliver(self, *, loses: bool, works: bool) -> None:
        """Deliver some of the new events, in any order, some twice, some never."""
        events = [one for one in self.stripe.state.events[self.delivered :] if one["type"] in RELEVANT]
        self.delivered = len(self.stripe.state.events)
        some = self.chance.sample(events, k=self.chance.randrange(len(events) + 1) if loses else len(events))
        for event in some + self.chance.choices(some, k=2) if some else []:
            assert self.scenario.post(event) == 200
            if works:
                self.scenario.work()

    @rule(amount=st.sampled_from([1, 300, 1000]))
    def spend(self, amount: int) -> None:
        if self.scenario.balance >= amount:
            balances.spend_tokens(self.scenario.user_id, amount, now=self.scenario.now)

    # --- the future
    @invariant()
    def the_sums_are_the_same(self) -> None:
        if not hasattr(self, "scenario"):
            return
        if self.chance.random() < 0.4:
            self.look()
            self.check()

    def check(self) -> None:
        entries = journal.list_transactions(self.scenario.user_id, limit=5000, now=self.scenario.now).results
        assert sum(one.amount for one in entries if one.type == "allowance") == sum(self.paid.values())
        assert check_ledgers([self.scenario.user_id], now=self.scenario.now)[0].problems == ()

    def look(self) -> None:
        self.note()
        sync_customer(self.customer, now=self.scenario.now)
        balances.get_balance(self.scenario.user_id, now=self.scenario.now)

    def note(self) -> None:
        """What every subscription has paid for now."""
        now = self.stripe.state.now
        for name in self.subscriptions:
            found = self.of(name)
            if found["status"] in ("canceled", "incomplete", "incomplete_expired") or name in self.owing():
                continue
            item = found["items"]["data"][0]
            start, end = item["current_period_start"], item["current_period_end"]
            month = month_around(start * 1000, now * 1000)[0] if end - start > MONTH else start * 1000
            plan = self.stripe.state.objects[item["price"]["product"]]["name"]
            key = (name, start, month)
            self.paid[key] = max(self.paid.get(key, 0), TOKENS[plan])

    def next_month(self, moment: int) -> int:
        """When something renews, or a month of a year begins, before `moment`."""
        steps = [moment]
        for name in self.running():
            item = self.of(name)["items"]["data"][0]
            start, end = item["current_period_start"], item["current_period_end"]
            month = month_around(start * 1000, self.stripe.state.now * 1000)[1] // 1000 if end - start > MONTH else end
            steps.append(min(month, end))
        return max(min(steps), self.stripe.state.now + 1)

    def of(self, name: str) -> Shape:
        return self.stripe.state.objects[name]

    def running(self) -> list[str]:
        return [one for one in self.subscriptions if self.of(one)["status"] not in ("canceled", "incomplete_expired")]

    def owing(self) -> list[str]:
        return [one for one in self.running() if self.stripe.actions.invoices_of(one, "open", "draft")]

    def settled(self) -> list[str]:
        return [one for one in self.running() if one not in self.owing()]

    def trials(self) -> list[str]:
        return [one for one in self.settled() if self.of(one)["status"] == "trialing"]

    def pick(self, which: int, names: list[str] | None = None) -> str:
        names = self.running() if names is None else names
        return names[which % len(names)]


@pytest.mark.slow
def test_the_sum_of_what_came_is_the_sum_of_what_was_paid(
    stripe: FakeStripe, shop: dict[str, str], store: Any, db: None
) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    PaidMachine.stripe, PaidMachine.shop = stripe, shop
    PaidMachine.stock, PaidMachine.opened = dict(stripe.state.objects), stripe.state.now
    run_state_machine_as_test(
        PaidMachine,
        settings=settings(
            max_examples=2000 if IS_DEEP else samples(30), stateful_step_count=25 if IS_DEEP else 12, deadline=None,
            derandomize=not IS_DEEP, database=None, report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate],
        ),
    )  # fmt: skip
