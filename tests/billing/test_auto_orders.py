"""Automatic top-up beside every order of events: what is charged is granted, exactly, and only within the cap.

Steps in random order: tokens are spent, cards decline or ask for their owner, the owner answers or not, answers of
Stripe are lost, events come late, twice or before the answer, workers die, users and staff switch it on and off,
payments are refunded.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from billing.errors import AutoTopUpStopped, NothingToConfirm, PaymentDisputed, StripeRefused, StripeUnavailable
from billing.models import AutomaticCharge
from billing.services import auto_cards, auto_charges, auto_owner, auto_settings, auto_switch, auto_work, sync
from kv.store.connection import call
from tests.billing import automatic as auto
from tests.billing.scenario import Scenario
from tests.samples import samples
from tests.stripe_fake import Fault
from usertokens import keys as token_keys
from usertokens.services import balances, journal
from usertokens.services.audits import check_ledgers

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SEEDS, STEPS, CAP = samples(16), 150, 2000
#: Where a worker may die: the name is that of the step before which it does.
DEATHS = (
    (auto_charges, "begin_charge"),
    (auto_work, "_create"),
    (auto_charges, "keep_intent"),
    (auto_work, "_confirm"),
    (auto_work, "sync_customer"),
    (sync, "_settle_topups"),
    (sync, "follow_snapshot"),
    (auto_charges, "end_charge"),
    (auto_cards, "check_card"),
)


class Died(BaseException):
    """What `kill -9` leaves."""


class Player:
    """One buyer, and what may happen next."""

    def __init__(self, scenario: Scenario, chance: random.Random) -> None:
        self.scenario, self.chance = scenario, chance
        self.state, self.actions = scenario.stripe.state, scenario.stripe.actions
        self.delivered = 0

    def turn(self, patch: pytest.MonkeyPatch) -> None:
        steps: list[tuple[Callable[[], object], int]] = [
            (self.spend, 6),
            (self.work, 6),
            (lambda: self.work_and_die(patch), 4),
            (lambda: self.work_and_be_overtaken(patch), 4),
            (self.deliver, 4),
            (self.deliver_twice, 2),
            (self.change_card, 3),
            (self.lose_answers, 2),
            (self.owner_answers, 4),
            (self.switch, 4),
            (self.refund, 1),
            (self.lose_note, 1),
            (self.wait, 2),
        ]
        acts, weights = zip(*steps, strict=True)
        self.chance.choices(acts, weights)[0]()

    def spend(self) -> None:
        auto.fall(self.scenario)

    def work(self) -> None:
        for minutes in (0, 20):
            auto_work.work_automatic(now=self.scenario.now + timedelta(minutes=minutes))

    def work_and_die(self, patch: pytest.MonkeyPatch) -> None:
        module, name = self.chance.choice(DEATHS)
        whole, after = getattr(module, name), self.chance.random() < 0.5

        def dies(*args: object, **named: object) -> object:
            if after:
                whole(*args, **named)
            raise Died

        with patch.context() as dead:
            dead.setattr(module, name, dies)
            with suppress(Died):
                self.work()
        self.unlock()

    def work_and_be_overtaken(self, patch: pytest.MonkeyPatch) -> None:
        """A worker is frozen before a step, so long that another does its work; then it goes on where it was."""
        # The last: between the question whether there is a payment and the request for one.
        module, name = self.chance.choice((*DEATHS, (auto_work, "_key")))
        whole, frozen = getattr(module, name), [True]

        def waits(*args: object, **named: object) -> object:
            if frozen:
                frozen.clear()
                self.unlock()
                self.work()
            return whole(*args, **named)

        with patch.context() as slow:
            slow.setattr(module, name, waits)
            self.work()
        self.unlock()

    def unlock(self) -> None:
        """Locks and claims of the dead run out."""
        call("DEL", f"billing:{{{self.scenario.user_id}}}:lock")

    def deliver(self) -> None:
        events = self.state.events
        some = events[self.delivered : self.delivered + self.chance.randrange(1, 6)]
        self.delivered += len(some)
        self.chance.shuffle(some)
        self.scenario.deliver(some)

    def deliver_twice(self) -> None:
        if self.state.events:
            self.scenario.deliver(self.chance.choices(self.state.events, k=2))

    def change_card(self) -> None:
        if auto.settings_of(self.scenario).payment_method:
            auto.set_card(self.scenario, self.chance.choice(("good", "good", "good", "declined", "authenticate")))

    def lose_answers(self) -> None:
        match = self.chance.choice(("/confirm", "POST /v1/payment_intents", "GET /v1/payment_intents", "/cancel"))
        status, applied = self.chance.choice((500, 503, 429)), self.chance.random() < 0.7
        self.state.faults.append(Fault(match, status, times=1, applied=applied))

    def owner_answers(self) -> None:
        try:
            address = auto_owner.confirm_charge(self.scenario.user_id, "https://x/back", now=self.scenario.now)
        except (NothingToConfirm, StripeUnavailable, StripeRefused):
            return
        if address and self.chance.random() < 0.8:
            self.actions.authenticate(address.rsplit("/", 1)[1], succeeds=self.chance.random() < 0.7)

    def switch(self) -> None:
        way = self.chance.randrange(10)
        if way == 0:
            auto_switch.switch_off(self.scenario.user_id, now=self.scenario.now)
        elif way == 1:
            auto_switch.stop_by_staff(self.scenario.user_id, now=self.scenario.now)
            auto_switch.allow_again(self.scenario.user_id)
        else:
            try:
                auto_settings.save_auto_topup(self.scenario.user_id, is_on=True, now=self.scenario.now)
            except (PaymentDisputed, AutoTopUpStopped):
                return

    def refund(self) -> None:
        whole = [one for one in auto.paid(self.scenario) if not self.actions.charge_of(one["id"])["refunded"]]
        if whole:
            self.actions.refund(self.chance.choice(whole)["id"])

    def lose_note(self) -> None:
        call("DEL", token_keys.crossed())

    def wait(self) -> None:
        self.state.now += self.chance.choice((60, 60, 3600, 10 * 86400))

    def finish(self) -> None:
        """Everything comes to rest."""
        self.state.faults.clear()
        self.unlock()
        self.scenario.deliver()
        for hours in range(6):
            self.walk_and_work(hours)

    def walk_and_work(self, hours: int) -> None:
        auto_work.WALK.step()
        for _ in range(10):
            if not auto_work.work_automatic(now=self.scenario.now + timedelta(hours=hours)):
                return


def check(scenario: Scenario, why: object) -> None:
    paid = auto.paid(scenario)
    assert auto.granted(scenario) == 1000 * len(paid), why
    falls = [one["metadata"]["automatic"] for one in paid]
    assert len(falls) == len(set(falls)), (why, "one fall, two charges")
    by_month: dict[str, int] = {}
    for row in AutomaticCharge.objects.filter(state="succeeded"):
        by_month[str(row.month)] = by_month.get(str(row.month), 0) + row.cents
    assert sum(by_month.values()) == 500 * len(paid), why
    assert all(cents <= CAP for cents in by_month.values()), (why, by_month)
    entries = list(journal.iterate_transactions(scenario.user_id))
    back = -sum(one.amount for one in entries if one.type == "refund")
    charges = [scenario.stripe.actions.charge_of(one["id"]) for one in paid]
    assert back == 2 * sum(one["amount_refunded"] for one in charges), why
    assert check_ledgers([scenario.user_id])[0].problems == (), why
    assert set(scenario.states()) <= {"done"}, why


@pytest.mark.parametrize("seed", range(SEEDS))
def test_charges_and_grants_are_equal(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    auto.set_up(scenario, cap=CAP)
    balances.add_tokens(scenario.user_id, 100, reason="gift", now=scenario.now)
    player = Player(scenario, random.Random(seed))
    for _ in range(STEPS):
        player.turn(monkeypatch)
    player.finish()
    check(scenario, seed)
