"""A worker that dies between any two steps: after the replay the state is right, and every effect has happened once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from billing import keys
from billing.models import StripeEvent
from billing.services import effects, events, inbox, subscription_states, sync, work
from kv.store.connection import call
from tests.billing import fixtures
from tests.billing.scenario import SECRET, Scenario
from tests.faults.servers import wait_until
from tests.stripe_fake import FakeStripe, Fault, signed
from usertokens.services import journal, purchases

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
stripe, shop, buyer, scenario = fixtures.stripe, fixtures.shop, fixtures.buyer, fixtures.scenario


class Died(BaseException):
    """What `kill -9` leaves: nothing after this point runs, no handler and no clean-up."""


#: Every step between the claim and the end, by the name under which the step before calls it.
STEPS: dict[str, tuple[object, str]] = {
    "claim": (inbox, "claim_event"),
    "sync": (events, "sync_customer"),
    "customer": (sync, "find_customer"),
    "version": (sync, "take_version"),
    "fetch": (sync, "fetch_snapshot"),
    "store": (sync, "write_state"),
    "plan": (effects, "apply_plan"),
    "purchase": (effects, "settle_topup"),
    "grant": (purchases, "grant_tokens"),
    "take back": (purchases, "reverse_grant"),
    "freeze": (purchases, "freeze_grant"),
    "applied": (sync, "mark_applied"),
    "plan next": (sync, "_plan_next_sync"),
    "finish": (inbox, "finish_event"),
    "with it": (inbox, "finish_waiting"),
}


@pytest.fixture
def bought(scenario: Scenario) -> Scenario:
    """A plan, tokens with a partial refund, and a dispute about the rest: every kind of effect."""
    scenario.buy_plan()
    session = scenario.buy_tokens()
    scenario.stripe.actions.refund(session, 125)
    scenario.stripe.actions.dispute(session, 250)
    return scenario


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_dead_between_any_two_steps(bought: Scenario, monkeypatch: pytest.MonkeyPatch, step: str, moment: str) -> None:
    event = bought.stripe.state.events[-1]
    assert bought.post(event) == 200
    module, name = STEPS[step]
    with monkeypatch.context() as patch:
        patch.setattr(module, name, dying(getattr(module, name), moment))
        # A killed process does not release its lock.
        patch.setattr(subscription_states, "_release", type("NoRelease", (), {"run": staticmethod(lambda *_: 0)}))
        with pytest.raises(Died):
            work.work_event()
    assert StripeEvent.objects.get(event_id=event["id"]).state == left(step, moment)
    # Later the claim of the event and the lock of the user expire.
    call("DEL", keys.lock(bought.user_id))
    while work.work_event(now=datetime.now(UTC) + inbox.LEASE + timedelta(seconds=1)):
        pass
    assert_right(bought)
    assert set(bought.states()) == {"done"}


def left(step: str, moment: str) -> str:
    """The state of the event after the crash."""
    if (step, moment) == ("claim", "before"):
        return "received"
    return "done" if step == "with it" or (step, moment) == ("finish", "after") else "processing"


def dying(whole: Callable[..., Any], moment: str) -> Callable[..., Any]:
    def step(*args: Any, **kwargs: Any) -> Any:
        if moment == "after":
            whole(*args, **kwargs)
        raise Died

    return step


def assert_right(scenario: Scenario) -> None:
    """Plus and its 1000 tokens; of 1000 bought tokens 250 are taken back, and 750 are frozen."""
    assert (scenario.plan, scenario.balance, scenario.debt) == ("Plus", 1000, 0)
    entries = [(one.type, one.amount) for one in journal.iterate_transactions(scenario.user_id)]
    by_type = {kind: [amount for other, amount in entries if other == kind] for kind, _ in entries}
    assert (by_type["grant"], by_type["refund"], by_type["freeze"]) == ([1000], [-250], [-750])
    assert sum(by_type["allowance"]) == 1000


class Site:
    """The site's own processes on a data directory, without a server, as a worker runs on a real machine."""

    def __init__(self, directory: Path, stripe: FakeStripe, shop: dict[str, str]) -> None:
        self.directory = directory
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")},
            "DATA_DIR": os.fspath(directory),
            "STRIPE_SECRET_KEY": "sk_test_x",
            "STRIPE_WEBHOOK_SECRET": SECRET,
            "STRIPE_API_BASE": stripe.url,
            "STRIPE_PRODUCT_PLUS": shop["plus"],
            "BILLING_TOPUPS": f"1000={shop['topup_1000']}",
        }

    def manage(self, *args: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *args], cwd=ROOT, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *args: str) -> str:
        with self.manage(*args) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return out

    def shell(self, code: str) -> str:
        return self.run("shell", "--no-imports", "-v", "0", "-c", code).strip()


@pytest.fixture
def site(stripe: FakeStripe, shop: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = Site(tmp_path_factory.mktemp("d"), stripe, shop)
    found.run("migrate", "-v", "0")
    yield found
    found.run("kv_stop", "--yes")  # who was killed is noticed a second later, and until then the server lives


def test_a_worker_killed_while_stripe_keeps_it_waiting(site: Site, stripe: FakeStripe, shop: dict[str, str]) -> None:
    site.shell(
        "from django.contrib.auth.models import User; from billing.models import StripeCustomer as C;"
        "u = User.objects.create_user('buyer'); C.objects.create(user=u, customer_id='cus_x')"
    )
    stripe.actions.add_customer(id="cus_x")
    stripe.actions.subscribe("cus_x", shop["plus_month"])
    body, signature = signed(stripe.state.events[-1], SECRET)
    site.shell(
        "from billing.services.inbox import take_event; from billing.services.signatures import verify_signature as v;"
        f"v({body!r}, {signature!r}); take_event({body!r})"
    )
    stripe.state.faults.append(Fault("GET /v1/subscriptions", status=0))
    with site.manage("billing_work") as worker:
        wait_until(lambda: "GET /v1/subscriptions" in stripe.state.requests, 60)
        worker.send_signal(signal.SIGKILL)
    stripe.state.released.set()
    with sqlite3.connect(site.directory / "countinghouse.sqlite3") as database:
        assert database.execute("SELECT state FROM billing_stripeevent").fetchall() == [("processing",)]
        # Later the claim, the worker's lease and the user's lock expire.
        database.execute("UPDATE billing_stripeevent SET due_at = received_at")
    database.close()
    site.shell(
        "from kv.store.connection import connection as c; "
        "[c().delete(k) for k in c().keys('*l*') if b'lease' in k or b':lock' in k]"
    )
    assert "1 done" in site.run("billing_work")
    plan = "from usertokens.services import activity as a; from django.contrib.auth.models import User as U;"
    assert site.shell(f"{plan} print(a.get_user_stats(str(U.objects.get().pk)).plan)") == "Plus"
