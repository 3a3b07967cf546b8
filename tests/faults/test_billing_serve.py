"""The site as real processes: an event is applied within a second, also one that came while the store was away."""

from __future__ import annotations

import ast
import os
import random
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.billing import fixtures
from tests.billing.scenario import HOOK, SECRET
from tests.faults import test_serve
from tests.faults.servers import wait_until
from tests.faults.site import Site
from tests.stripe_fake import Delivery, FakeStripe

pytestmark = pytest.mark.slow
stripe, shop, bare_site = fixtures.stripe, fixtures.shop, test_serve.site


@pytest.fixture
def site(bare_site: Site, stripe: FakeStripe, shop: dict[str, str]) -> Site:
    """A running site with one user who is a customer."""
    bare_site.environment |= {
        "STRIPE_SECRET_KEY": "sk_test_x",
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_API_BASE": stripe.url,
        "STRIPE_PRODUCT_PLUS": shop["plus"],
    }
    bare_site.start()
    with bare_site.manage(
        "shell", "--no-imports", "-v", "0", "-c",
        "from django.contrib.auth.models import User; from billing.models import StripeCustomer as C;"
        "C.objects.create(user=User.objects.create_user('buyer'), customer_id='cus_x')",
    ) as shell:  # fmt: skip
        assert shell.wait(60) == 0
    stripe.actions.add_customer(id="cus_x")
    return bare_site


def states(site: Site) -> list[str]:
    with sqlite3.connect(f"file:{site.directory}/countinghouse.sqlite3?mode=ro", uri=True) as database:
        found = [state for (state,) in database.execute("SELECT state FROM billing_stripeevent ORDER BY id")]
    database.close()
    return found


def test_a_hook_is_applied_within_a_second(site: Site, stripe: FakeStripe, shop: dict[str, str]) -> None:
    hook = Delivery(stripe.state, f"http://127.0.0.1:{site.port}{HOOK}", SECRET)
    made = stripe.actions.subscribe("cus_x", shop["plus_month"])
    taken: list[float] = []
    for number in range(1, 6):
        stripe.actions.update(made["id"])
        began = time.monotonic()
        assert hook.deliver([stripe.state.events[-1]]) == [200]
        wait_until(lambda number=number: states(site) == ["done"] * number)  # type: ignore[misc] # bound now, by its default
        taken.append(time.monotonic() - began)
    # The time is promised for an idle machine.
    assert sorted(taken)[2] < 1 or os.getloadavg()[0] > (os.cpu_count() or 1), taken


def test_a_hook_while_the_store_is_frozen_is_taken_and_applied_later(
    site: Site, stripe: FakeStripe, shop: dict[str, str]
) -> None:
    hook = Delivery(stripe.state, f"http://127.0.0.1:{site.port}{HOOK}", SECRET)
    stripe.actions.subscribe("cus_x", shop["plus_month"])
    with site.store.frozen():
        assert hook.deliver(stripe.state.events) == [200, 200]
        assert states(site) == ["received", "received"]
    wait_until(lambda: states(site) == ["done", "done"], 30)


def test_a_hook_while_the_store_is_dead_is_taken_and_applied_later(
    site: Site, stripe: FakeStripe, shop: dict[str, str]
) -> None:
    hook = Delivery(stripe.state, f"http://127.0.0.1:{site.port}{HOOK}", SECRET)
    stripe.actions.subscribe("cus_x", shop["plus_month"])
    os.kill(site.store.pid, signal.SIGKILL)
    assert hook.deliver(stripe.state.events) == [200, 200]
    wait_until(lambda: states(site) == ["done", "done"], 30)


def test_a_hook_while_the_database_is_locked_is_refused_so_that_it_comes_again(
    site: Site, stripe: FakeStripe, shop: dict[str, str]
) -> None:
    hook = Delivery(stripe.state, f"http://127.0.0.1:{site.port}{HOOK}", SECRET)
    stripe.actions.subscribe("cus_x", shop["plus_month"])
    writer = sqlite3.connect(site.directory / "countinghouse.sqlite3", isolation_level=None)
    with closing(writer):
        writer.execute("BEGIN IMMEDIATE")
        assert hook.deliver(stripe.state.events[:1]) == [503]
        writer.execute("ROLLBACK")
    assert states(site) == []
    assert hook.deliver(stripe.state.events) == [200, 200]
    wait_until(lambda: states(site) == ["done", "done"], 30)


def test_a_body_over_the_limit_is_refused_by_the_real_server(site: Site, stripe: FakeStripe) -> None:
    event = stripe.state.emit(
        "invoice.paid", {"id": "in_1", "object": "invoice", "customer": "cus_x", "pad": "x" * 2**20}
    )
    hook = Delivery(stripe.state, f"http://127.0.0.1:{site.port}{HOOK}", SECRET)
    assert hook.deliver([event]) == [413]
    assert states(site) == []


def test_a_crowd_of_hooks_at_once_with_duplicates(site: Site, stripe: FakeStripe, shop: dict[str, str]) -> None:
    """Twenty customers, each event three times from eight senders, while the worker runs."""
    names = [f"cus_{number}" for number in range(20)]
    with site.manage(
        "shell", "--no-imports", "-v", "0", "-c",
        "from django.contrib.auth.models import User; from billing.models import StripeCustomer as C;"
        f"[C.objects.create(user=User.objects.create_user(name), customer_id=name) for name in {names}]",
    ) as shell:  # fmt: skip
        assert shell.wait(60) == 0
    for number, name in enumerate(names):
        stripe.actions.add_customer(id=name)
        made = stripe.actions.subscribe(name, shop["plus_month"])
        if number % 2:
            stripe.actions.end(made["id"])
    hook = Delivery(stripe.state, f"http://127.0.0.1:{site.port}{HOOK}", SECRET)
    crowd = [event for event in stripe.state.events for _ in range(3)]
    random.Random(20).shuffle(crowd)
    with ThreadPoolExecutor(8) as senders:
        answers = list(senders.map(lambda event: hook.deliver([event])[0], crowd))
    # A busy database may refuse one; Stripe would send it again.
    assert set(answers) <= {200, 503}
    hook.deliver([event for event in stripe.state.events if event["id"] not in stripe.state.delivered])
    wait_until(lambda: states(site) == ["done"] * len(stripe.state.events), 60)
    with site.manage(
        "shell", "--no-imports", "-v", "0", "-c",
        "from django.contrib.auth.models import User; from usertokens.services.activity import get_user_stats as g;"
        f"print([g(str(User.objects.get(username=name).pk)).plan for name in {names}])",
    ) as shell:  # fmt: skip
        said = shell.communicate(timeout=120)[0]
    assert ast.literal_eval(said.strip()) == ["Plus", "Free"] * 10
