"""The whole site as real processes on a cluster: `manage.py serve`, every page, and every command there is."""

from __future__ import annotations

import re
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from redis.crc import key_slot

from tests.billing import fixtures
from tests.billing.scenario import HOOK, SECRET
from tests.cluster.browsing import LANGUAGES, PUBLIC, Visitor
from tests.cluster.nodes import PRIMARIES, SLOTS, Cluster, cluster
from tests.cluster.watch import STRICT
from tests.codetags.receiver import SECRET as RECEIVERS_SECRET
from tests.codetags.receiver import Receiver, receiving
from tests.engines import servers
from tests.faults.servers import wait_until
from tests.faults.site import ROOT, Site
from tests.house.tree import PACKAGES
from tests.stripe_fake import Delivery, FakeStripe

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
stripe, shop = fixtures.stripe, fixtures.shop

PAYMENT = {
    "beneficiary": "Zoë & Söhne", "iban": "DE89 3704 0044 0532 0130 00", "amount": "12,50",
    "remittance_text": "Invoice 114",
}  # fmt: skip
PASSWORD = "a long and quiet afternoon"


@pytest.fixture(scope="module")
def nodes() -> Iterator[Cluster]:
    with cluster() as nodes:
        yield nodes


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def site(nodes: Cluster, stripe: FakeStripe, shop: dict[str, str], receiver: Receiver) -> Iterator[Site]:
    """Everything that can be set is set; the cluster is empty."""
    for node in nodes.primaries():
        node.ask("FLUSHALL")
    directory = Path(tempfile.mkdtemp(prefix="ch-"))
    site = Site(directory)
    site.environment |= {
        "REDIS_URL": nodes.url, "KV_TIMEOUT_MS": "2000",
        "STRIPE_SECRET_KEY": "sk_test_x", "STRIPE_WEBHOOK_SECRET": SECRET, "STRIPE_API_BASE": stripe.url,
        "STRIPE_PRODUCT_PLUS": shop["plus"], "STRIPE_PRODUCT_PREMIUM": shop["premium"],
        "QR_ANALYTICS_EXTERNAL_URL": receiver.url, "QR_ANALYTICS_EXTERNAL_SECRET": RECEIVERS_SECRET,
        "QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE": "true",
    }  # fmt: skip
    yield site
    if site.main is not None and site.main.poll() is None:
        site.stop(signal.SIGTERM)
    shutil.rmtree(directory)


def manage(site: Site, *args: str, status: int = 0) -> str:
    """What the command wrote, after it has ended with the status; its refusal when that is not 0."""
    command = site.manage(*args)
    out, errors = command.communicate(timeout=300)
    assert (command.returncode, "Traceback" in errors) == (status, False), f"{args}: {out[-2000:]}{errors[-2000:]}"
    return errors if status else out


def number(pattern: str, text: str) -> int:
    """The number that a sentence has where the pattern has its group."""
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in: {text}"
    return int(found[1])


def test_serves_every_page_and_counts(site: Site, stripe: FakeStripe, shop: dict[str, str], receiver: Receiver) -> None:
    site.start()
    home = f"http://127.0.0.1:{site.port}"
    stranger, owner = Visitor(home, "198.51.100.7"), Visitor(home, "198.51.100.8")

    # Counting, by scripts' calls and by forms.
    assert [site.visit(visitor) for visitor in range(5)] == [True] * 5
    assert site.visitors() == 5
    for address in ("10.9.0.1", "10.9.0.2"):
        assert site.ask("/api/analytics/qr?code=DEMO", {}, address) == (200, {"code": "DEMO", "counted": True})
    assert site.ask("/api/track-usage", {"tool": "payment-qr", "id": "a"}) == (200, {"tool": "payment-qr", "count": 1})
    assert "<svg" in stranger.fill_in("/pay", **PAYMENT)

    # Somebody signs up and spends.
    stranger.fill_in("/accounts/signup", username="zoe", password1=PASSWORD, password2=PASSWORD)
    assert "zoe" in stranger.read("/accounts/profile")
    spent = stranger.send("/api/tokens/spend", {"amount": 3, "reason": "article"})
    assert (spent[0], spent[1]["success"], spent[1]["balance"]) == (200, True, 97)
    dashboard = stranger.get("/api/dashboard")
    assert (dashboard["plan"], dashboard["tokens"]["balance"]) == ("Free", 97)
    held = stranger.send("/api/tokens/holds", {"amount": 7, "ttl_seconds": 60, "reason": "draft"})
    assert (held[0], held[1]["balance"]) == (201, 90)
    assert stranger.send(f"/api/tokens/holds/{held[1]['id']}/release", {})[1]["balance"] == 97
    assert stranger.send("/api/chat/save", {"summary": "On ledgers"})[0] == 201
    assert stranger.open("/dashboard")[0] == 200
    assert "97" in stranger.read("/dashboard")

    # The background worker: hits are posted outside, and Stripe's event makes a plan of it.
    wait_until(lambda: len(receiver.taken) == 2 and receiver.signed, 30)
    manage(
        site, "shell", "--no-imports", "-v", "0", "-c",
        "from django.contrib.auth.models import User; from billing.models import StripeCustomer as C;"
        "C.objects.create(user=User.objects.get(username='zoe'), customer_id='cus_x')",
    )  # fmt: skip
    stripe.actions.add_customer(id="cus_x")
    stripe.actions.subscribe("cus_x", shop["plus_month"])
    assert set(Delivery(stripe.state, f"{home}{HOOK}", SECRET).deliver(stripe.state.events)) == {200}
    wait_until(lambda: stranger.get("/api/dashboard")["plan"] == "Plus", 30)

    _read_every_page(site, stranger, owner)

    # It ends, and begins again where it was.
    errors = site.stop()
    assert "Traceback" not in errors
    assert site.said[-1] == "Stopped. Everything counted is kept."
    site.start()
    assert site.visitors() == 5
    assert stranger.get("/api/dashboard")["plan"] == "Plus"


def _read_every_page(site: Site, stranger: Visitor, owner: Visitor) -> None:
    """What was counted is on the pages, in every language; no page is missing."""
    figures = stranger.get("/api/stats")
    assert (figures["visitors"], figures["qr_total"], figures["revenue_cents"]) == (5, 1, 1250)
    for language in LANGUAGES:
        for page in PUBLIC:
            Visitor(f"http://127.0.0.1:{site.port}", "198.51.100.9").read(f"/{language}{page}")
        stranger.read(f"/{language}dashboard")
        stranger.read(f"/{language}accounts/profile")
    stranger.walk("/", "/dashboard", below="/")
    for path in ("/healthz", "/api/schema", "/api/docs"):
        stranger.read(path)
    assert "unavailable" not in stranger.read("/readyz")

    # The staff's pages.
    password = next(line.split()[-1] for line in manage(site, "admin").splitlines() if line.startswith("Password"))
    owner.fill_in("/accounts/login", username="admin", password=password)
    staff = owner.walk("/admin/", below="/admin/")
    assert {f"/admin/{page}/" for page in (
        "stats/statistics", "stats/adjustment", "usertokens/tokenledger", "codetags/codecount", "codetags/codetag",
        "billing/stripecustomer", "billing/stripeevent", "codetags/codecount/DEMO",
    )} <= staff  # fmt: skip
    assert "DEMO" in owner.read("/admin/codetags/codecount/")
    assert [(row["code"], row["count"]) for row in owner.get("/api/dashboard/code-tags")["codes"]] == [("DEMO", 2)]
    assert "python_info" in owner.read("/metrics") or "# HELP" in owner.read("/metrics")


class Commands:
    """Runs commands of one site, and knows which."""

    def __init__(self, site: Site, nodes: Cluster) -> None:
        self.site = site
        self.nodes = nodes
        self.given: set[str] = set()

    def __call__(self, *args: str, status: int = 0) -> str:
        self.given.add(args[0])
        return manage(self.site, *args, status=status)

    def visitors(self) -> int:
        """The figure, by an adjustment that is taken back."""
        self("stats_adjust", "visitors", "1", "--reason", "to read it")
        return number(r"now (\d+)\.", self("stats_adjust", "visitors", "-1", "--reason", "to read it"))


def test_every_command_does_what_it_says(site: Site, nodes: Cluster, tmp_path: Path) -> None:
    run = Commands(site, nodes)
    receiver = site.environment.pop("QR_ANALYTICS_EXTERNAL_URL")
    assert "Sample data is in place" in run("demo")
    site.environment["QR_ANALYTICS_EXTERNAL_URL"] = receiver
    found = run("kv_check")
    assert (found.count("scripts load"), found.count("append-only file on"), found.count("error")) == (3, 3, 0)
    for part in (_backup, _codes, _users, _older_sites, _billing_and_worker):
        part(run, tmp_path)
    assert "ledgers checked, 0 wrong" in run("usertokens_check")
    assert "0 waiting" in run("usertokens_mails", "--status")
    assert "0 waiting" in run("kv_events", "--status")
    assert len(run("service_token", "robot", "--perm", "stats.record_qr").strip()) > 20
    assert "Password" in run("admin")
    assert "not ours to stop" in run("kv_stop", "--yes", status=1)

    # None is left out that somebody adds; `serve` is the test above.
    folders = [ROOT / package / "management/commands" for package in PACKAGES]
    assert {path.stem for folder in folders for path in folder.glob("[a-z]*.py")} - run.given == {"serve"}


def _backup(run: Commands, directory: Path) -> None:
    """Of three primaries, and back."""
    begun, kept = run.visitors(), str(directory / "backup")
    total = number(r"(\d+) keys", run("kv_backup", kept))
    removed = number(r"(\d+) keys removed", run("stats_reset", "--yes"))
    assert 0 < removed < total
    assert run.visitors() == 0 < begun
    assert f"{total} keys of" in run("kv_restore", kept, "--dry-run")
    assert _restored(run("kv_restore", kept, "--replace", "--yes")) == total
    assert run.visitors() == begun
    # And out of a store of another kind.
    run("stats_reset", "--yes")
    before, embedded = run.site.environment, directory / "embedded"
    other = {**before, "REDIS_URL": "embedded", "DATA_DIR": str(embedded)}
    run.site.environment = other
    run("migrate", "-v", "0")
    assert _restored(run("kv_restore", kept, "--yes")) == total
    run.site.environment = before
    copied = run("kv_copy", "--from", "embedded", "--from-directory", str(embedded), "--replace", "--yes")
    assert number(r"(\d+) keys compared by type, value and expiry: all are the same\.", copied) <= total
    assert run.visitors() == begun
    run.site.environment = other
    run("kv_stop", "--yes")
    run.site.environment = before


def _restored(said: str) -> int:
    """The keys that were restored or had expired: the marks of a crowd live for a minute."""
    return sum(int(count) for count in re.findall(r"(\d+) (?:keys restored|had expired)", said))


def _codes(run: Commands, _: Path) -> None:
    """Rolled up, lost, rebuilt; posted outside; forgotten."""
    assert number(r"codes checked, (\d+) rows", run("codetags_rollup")) >= 0
    for node in run.nodes.primaries():
        if lost := node.ask("KEYS", "{qr}:*"):
            node.ask("DEL", *lost)
    assert number(r"codes checked, (\d+) hits restored", run("codetags_rollup", "--restore")) > 0
    assert "parked hits wait again" in run("codetags_deliver", "--parked")
    codes = number(r"hits of (\d+) codes would", run("codetags_reset", "--dry-run"))
    assert f"The hits of {codes} codes are forgotten." in run("codetags_reset", "--yes")
    assert "0 hits restored" in run("codetags_rollup", "--restore")


def _users(run: Commands, _: Path) -> None:
    """Brought up to date, archived, exported, reset, forgotten."""
    assert number(r"of (\d+) accounts were brought up to date", run("usertokens_recharge")) > 0
    assert number(r"(\d+) entries were moved", run("usertokens_archive")) >= 0
    user = _first_user(run.site)
    assert '"balance"' in run("usertokens_export", user)
    assert user in run("usertokens_explain", user)
    assert len(run("usertokens_vouchers", "3", "--tokens", "5").splitlines()) == 4
    assert f"user {user} was reset" in run("usertokens_reset", user, "--yes")
    assert f"user {user} is forgotten" in run("usertokens_forget", user, "--yes")


def _older_sites(run: Commands, directory: Path) -> None:
    """What they have counted is taken over, once."""
    before = run.visitors()
    with servers(1, lambda _: ()) as (older,):
        older.start()
        with older.client() as client:
            client.mset({"stats:visitors": 40, "usage:payment-qr": 2, "qr:count:DEMO": 9})
        source = f"redis://127.0.0.1:{older.port}/0"
        assert "visitors:beyond: 40 added" in run("stats_backfill", "--from", source)
        assert "visitors:beyond: 0 added" in run("stats_backfill", "--from", source)
        assert "9 hits of 1 codes added" in run("codetags_backfill", "--from", source)
    assert run.visitors() == before + 40
    table = directory / "tokens.csv"
    table.write_text(f"user_id,id,at,amount,reason\n{_first_user(run.site)},o-1,2024-01-01T00:00:00Z,5,older\n")
    assert "1 taken over" in run("usertokens_backfill", "--csv", str(table))
    assert "1 known" in run("usertokens_backfill", "--csv", str(table))


def _billing_and_worker(run: Commands, _: Path) -> None:
    """Nothing to do for billing; a round of every duty there is."""
    assert "Inbox:" in run("billing_work")
    assert "customers are as Stripe says" in run("billing_resync", "--yes")
    assert "Took 0 from Stripe" in run("billing_replay", "--undelivered")
    assert len(run("work", "--list").splitlines()) > 3
    run("work", "--once")


def _first_user(site: Site) -> str:
    return manage(
        site, "shell", "--no-imports", "-v", "0", "-c",
        "from django.contrib.auth.models import User; print(User.objects.order_by('pk').first().pk)",
    ).strip()  # fmt: skip


def test_a_script_that_reaches_into_another_slot_is_refused(nodes: Cluster) -> None:
    """The suite on a cluster runs every script in this way, so that it proves what no list of keys can."""
    with nodes.holder(0).client() as client:
        names = [f"{{{word}}}" for word in range(100) if key_slot(b"%d" % word) < SLOTS // PRIMARIES]
        with pytest.raises(redis.ResponseError, match="same slot"):
            client.eval(f"{STRICT}redis.call('SET', KEYS[1], 1) redis.call('SET', '{names[1]}', 1)", 1, names[0])
