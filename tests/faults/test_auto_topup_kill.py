"""`kill -9` of the real worker amid automatic top-ups: what was charged is granted, once a fall, within the cap."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.billing import fixtures
from tests.billing.automatic import NOT_SENT_STILL
from tests.billing.scenario import SECRET
from tests.faults import test_billing_crash
from tests.faults.servers import wait_until
from tests.stripe_fake import FakeStripe, Fault, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.test_billing_crash import Site

pytestmark = pytest.mark.slow
stripe, shop, site = fixtures.stripe, fixtures.shop, test_billing_crash.site

USERS, CAP, PRICE, PACKAGE = 6, 1500, 500, 1000
#: Stripe keeps the worker waiting here, before or after it has done what was asked; then the worker is killed. The
#: rest are killed at any moment, while answers are lost.
STALLS: tuple[tuple[str, bool] | None, ...] = (
    ("/confirm", True),
    ("POST /v1/payment_intents", True),
    ("GET /v1/charges", False),
    ("POST /v1/payment_intents", False),
    None,
    ("/confirm", False),
    ("GET /v1/payment_intents", False),
    None,
    ("/confirm", True),
)

# What happens on the site meanwhile, in one process of it: a line of JSON asks, another answers.
_REMOTE = """
import json, sys
import django; django.setup()
from datetime import timedelta
from django.contrib.auth.models import User
from billing.errors import NothingToConfirm, StripeRefused
from billing.models import AutomaticCharge, AutoTopUp, StripeCustomer, StripeEvent
from billing.services import auto_owner, auto_settings
from billing.services.inbox import take_event
from billing.services.signatures import verify_signature
from kv.store.connection import connection
from kv.times import utc_now
from usertokens.services import balances, journal, watches
from usertokens.services.audits import check_ledgers

def users():
    return {str(one.user_id): one.customer_id for one in StripeCustomer.objects.all()}

def sign_up(cards, cap):
    made = []
    for customer, method in cards.items():
        user = User.objects.create_user(customer)
        StripeCustomer.objects.create(user=user, customer_id=customer)
        auto_settings.save_auto_topup(str(user.pk), is_on=True, threshold=50, tokens=1000, monthly_cap=cap)
        AutoTopUp.objects.filter(user=user).update(customer_id=customer, payment_method=method, card="visa 4242")
        made.append(str(user.pk))
    return made

def fall(user_id):
    has = balances.get_balance(user_id).tokens.balance
    if has <= 50:
        balances.add_tokens(user_id, 51 - has, reason="gift")
    balances.spend_tokens(user_id, max(has, 51) - 10, reason="kill")

def expire():  # the leases, locks and claims of the dead
    for key in connection().keys("*"):
        if b"lease" in key or b":lock" in key or b"duty" in key or b":due" in key:
            connection().delete(key)
    AutomaticCharge.objects.filter(due_at__isnull=False).update(due_at=utc_now() - timedelta(seconds=1))
    StripeEvent.objects.exclude(state="done").update(due_at=utc_now() - timedelta(seconds=1))

def hook(body, signature):
    verify_signature(body.encode(), signature)
    take_event(body.encode())

def go_to_bank(user_id):
    try:
        return auto_owner.confirm_charge(user_id, "https://example.com/back")
    except (NothingToConfirm, StripeRefused):
        return ""

def resume():  # a pause ends, as on the page
    for row in AutoTopUp.objects.exclude(paused_at=None):
        auto_settings.save_auto_topup(str(row.user_id), is_on=True)

def read_all():
    ids = list(users())
    bought = {one: [e for e in journal.iterate_transactions(one) if e.key.startswith("stripe:")] for one in ids}
    return {
        "grants": {one: [[e.key, e.type, e.amount] for e in found] for one, found in bought.items()},
        "charges": [[str(c.user_id), c.fall, c.state, c.cents] for c in AutomaticCharge.objects.all()],
        "falls": {one: seen.crossing for one, seen in watches.read_watches(ids).items()},
        "events": sorted(set(StripeEvent.objects.values_list("state", flat=True))),
        "ledgers": [list(map(str, one.problems)) for one in check_ledgers(ids)],
    }

for line in sys.stdin:
    name, args = json.loads(line)
    print(json.dumps(globals()[name](*args)), flush=True)
"""


class Remote:
    """The process of `_REMOTE`: each call is one of its functions."""

    def __init__(self, site: Site) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _REMOTE], env={**site.environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
            cwd=test_billing_crash.ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __call__(self, name: str, *args: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, args]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def remote(site: Site) -> Iterator[Remote]:
    site.environment |= {"RATE_LIMITS": "off", "PYTHONPATH": os.fspath(test_billing_crash.ROOT)}
    found = Remote(site)
    yield found
    found.close()


class Scenario:
    """Users with automatic top-up, and what happens to them in each round."""

    def __init__(self, stripe: FakeStripe, site: Site, remote: Remote, chance: random.Random) -> None:
        self.stripe, self.site, self.remote, self.chance = stripe, site, remote, chance
        state = stripe.state
        state.not_sent = tuple(one for one in state.not_sent if one != "payment_intent.*") + NOT_SENT_STILL
        names = [f"cus_{number}" for number in range(USERS)]
        self.cards: dict[str, str] = {}
        for name in names:
            stripe.actions.add_customer(id=name)
            self.cards[name] = stripe.actions.save_card(name)["id"]
        self.users: list[str] = remote("sign_up", self.cards, CAP)
        self.falls: Counter[str] = Counter()
        self.stalled: list[Fault] = []

    def round(self, stall: tuple[str, bool] | None) -> None:
        """Falls, a worker that is killed in the midst of them, and what comes late."""
        state = self.stripe.state
        state.released.clear()
        for method in self.cards.values():
            kinds = ("good", "good", "good", "declined", "authenticate")
            state.objects[method]["_"]["card"] = self.chance.choice(kinds)
        self.remote("expire")
        self.fall(self.chance.sample(self.users, 4))
        is_done = self.stall(*stall) if stall else self.lose_answers()
        worker = self.site.manage("work")
        try:
            # Perhaps nothing is left to ask Stripe for.
            until = time.monotonic() + 10
            wait_until(lambda: is_done() or time.monotonic() > until)
        finally:
            worker.kill()
            worker.communicate()
        state.faults.clear()
        state.released.set()
        self.deliver(0.5)
        for user in self.users:
            self.owner_answers(user)

    def fall(self, users: list[str]) -> None:
        for user in users:
            self.remote("fall", user)
            self.falls[user] += 1

    def stall(self, match: str, applied: bool) -> Callable[[], bool]:
        fault = Fault(match, 0, applied=applied)
        self.stripe.state.faults.append(fault)
        self.stalled.append(fault)
        return lambda: not fault.times

    def lose_answers(self) -> Callable[[], bool]:
        state = self.stripe.state
        for match in ("/confirm", "POST /v1/payment_intents", "GET /v1/payment_intents"):
            state.faults.append(Fault(match, self.chance.choice((500, 503, 429)), applied=self.chance.random() < 0.7))
        before, some = len(state.requests), self.chance.randrange(1, 30)
        return lambda: len(state.requests) > before + some

    def deliver(self, share: float) -> None:
        """Some of the events, in no order and some of them again; the others are late."""
        events = list(self.stripe.state.events)
        some = [one for one in events if self.chance.random() < share]
        self.chance.shuffle(some)
        for event in some:
            body, signature = signed(event, SECRET)
            self.remote("hook", body.decode(), signature)

    def owner_answers(self, user: str) -> None:
        address = self.remote("go_to_bank", user)
        if address and self.chance.random() < 0.8:
            succeeds = self.chance.random() < 0.7
            self.stripe.actions.authenticate(address.rsplit("/", 1)[1], succeeds=succeeds)

    def finish(self) -> dict[str, Any]:
        """Everything comes to rest: all events, again and again, and workers that nobody kills."""
        first = ("declined", "declined", "authenticate", "good", "good", "good")
        for kinds in (first, *[("good",) * USERS] * 3):
            for method, kind in zip(self.cards.values(), kinds, strict=True):
                self.stripe.state.objects[method]["_"]["card"] = kind
            self.remote("resume")
            self.fall(self.users)
            self.deliver(1)
            self.remote("expire")
            self.site.run("work", "--once")
        found: dict[str, Any] = self.remote("read_all")
        return found


def test_charges_are_grants(stripe: FakeStripe, site: Site, remote: Remote) -> None:
    scenario = Scenario(stripe, site, remote, random.Random(17))
    for stall in STALLS:
        scenario.round(stall)
    found = scenario.finish()

    assert sum(not fault.times for fault in scenario.stalled) >= 5, "the worker died where it should"
    owners = {one["customer"] for one in stripe.state.of("payment_intent")}
    assert owners == set(scenario.cards), "every user was charged, or tried"
    paid = [one for one in stripe.state.of("payment_intent") if one["status"] == "succeeded"]
    taken = [one for one in stripe.state.of("charge") if one["status"] == "succeeded"]
    assert len(taken) == len(paid) >= USERS
    assert {one["amount"] for one in taken} == {PRICE}
    falls = [one["metadata"]["automatic"] + one["customer"] for one in paid]
    assert len(set(falls)) == len(falls), "one fall, two charges"
    for user, name in zip(scenario.users, scenario.cards, strict=True):
        mine = [one for one in paid if one["customer"] == name]
        assert sorted(found["grants"][user]) == sorted([f"stripe:{one['id']}", "grant", PACKAGE] for one in mine)
        assert PRICE * len(mine) <= CAP
        assert len(mine) <= scenario.falls[user]
        kept = [fall for owner, fall, state, _ in found["charges"] if (owner, state) == (user, "succeeded")]
        assert sorted(kept) == sorted(one["metadata"]["automatic"] for one in mine)
    states = {state for _, _, state, _ in found["charges"]}
    assert states >= {"succeeded", "capped"}
    assert states & {"declined", "needs_action", "canceled"}
    assert "charging" not in states
    assert set(found["falls"].values()) == {""}
    assert found["events"] == ["done"]
    assert not any(found["ledgers"])
