"""What every test stands on: an embedded Valkey of its own for each test process, and no other store anywhere.

TEST_STORE puts the whole suite on another kind of server (tests/engines.py), DATABASE_URL on another database.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import translation
from hypothesis import settings as hypothesis_settings
from redis.cluster import RedisCluster

from kv.events.wanted import Look, set_look
from kv.mail import NO_MAIL
from kv.monitoring.counts import forget_counts
from kv.store.caches import durable_cache
from kv.store.connection import connection, forget_connections
from kv.store.embedded import EmbeddedServer
from kv.store.factories import embedded_server
from stats.services.history import forget_history
from tests.cluster.client import WholeCluster
from tests.cluster.watch import never_ran, ran, watched_scripts
from tests.engines import store_url
from tests.site_client import SiteClient
from usertokens.services import event_flags

if TYPE_CHECKING:
    from collections.abc import Iterator

LANES = ("fast lane", "django")

# How long an example takes says more about the machine than about the code.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


#: Of these there is to be about one at a time: a browser takes processors of its own.
_APART = ("tests/browser/",)
_DATABASE = frozenset({"db", "transactional_db", "live_server"})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the work: files of browsers are spread evenly over the whole run.

    NEEDS=store or NEEDS=database leaves out what reaches neither: it is the same on every kind of them.
    """
    if needed := os.environ.get("NEEDS"):
        rest = [item for item in items if not _reaches(item, needed)]
        items[:] = [item for item in items if _reaches(item, needed)]
        config.hook.pytest_deselected(items=rest)
    if not hasattr(config, "workerinput"):
        return
    kinds: dict[str, dict[Path, int]] = {}
    for item in items:
        kind = next((kind for kind in _APART if kind in item.path.as_posix()), "")
        counts = kinds.setdefault(kind, {})
        counts[item.path] = counts.get(item.path, 0) + 1
    places: dict[Path, float] = {}
    for counts in kinds.values():
        before, total = 0, sum(counts.values())
        for path, count in counts.items():
            places[path] = (before + count / 2) / total
            before += count
    items.sort(key=lambda item: (places[item.path], item.path))


def _reaches(item: pytest.Item, needed: str) -> bool:
    """Whether the test may reach the store, or the database, which pytest-django keeps from all others."""
    fixtures = set(getattr(item, "fixturenames", ()))
    if needed == "store":
        return "store" in fixtures
    assert needed == "database", f"NEEDS={needed}: store or database"
    return not fixtures.isdisjoint(_DATABASE) or item.get_closest_marker("django_db") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Tests that run event loops of their own begin without one: Playwright keeps its own running in this thread.

    From the set-up to the end: asgiref gives code beside a running loop another connection to the database.
    """
    loop = asyncio._get_running_loop()
    if loop is None or item.get_closest_marker("own_loop") is None:
        return (yield)
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(loop)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Every test begins in English: a thread keeps the language of the page it served last."""
    translation.activate("en")
    yield
    translation.deactivate()


@pytest.fixture(scope="session", autouse=True)
def store_server() -> Iterator[EmbeddedServer]:
    """The test session's own embedded server: CACHES points at it; it starts with the first test that uses it.

    `everysec`: an fsync for each write of each test would only test the disk.
    """
    directory = Path(tempfile.mkdtemp(prefix="ch-"))  # short: a socket's path is limited
    # Nothing here may be slow to answer because another test process has the processor: 5 s, not 250 ms.
    own = durable_cache("embedded", directory=directory, fsync="everysec", timeout_ms=5000)
    local = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    caches = dict.fromkeys({"default", *settings.CACHES} - {"kv"}, local)
    server = embedded_server(own["LOCATION"])
    with store_url() as url:
        entry = durable_cache(url, timeout_ms=5000) if url else own
        with override_settings(CACHES={**caches, "kv": entry}):
            yield server
    server.leave()
    forget_connections()
    shutil.rmtree(directory, ignore_errors=True)  # the server may be writing its last file


@pytest.fixture(scope="session", autouse=True)
def _servers_of_our_own() -> Iterator[None]:
    """Tests point CACHES["kv"] at servers that they start; what keeps other projects' tests from a real one is off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kv.store.guard.is_test_run", lambda: False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_slot() -> Iterator[None]:
    """A script that would fail on a cluster fails here."""
    with watched_scripts():
        yield


@pytest.fixture
def store(store_server: EmbeddedServer) -> Any:
    """The durable connection to a store that is empty. What tests of figures need beside the `db` fixture."""
    store_server.ensure(30)
    client = connection()
    client.flushall()
    client.script_flush()
    forget_history()
    return WholeCluster(client) if isinstance(client, RedisCluster) else client


@pytest.fixture(autouse=True)
def _no_receivers() -> None:
    """No test begins with a look at the receivers of events: it would add a query, or not, as time passes."""
    set_look(Look(until=float("inf")))
    event_flags.set_types(frozenset(), until=float("inf"))


@pytest.fixture
def private_receivers(settings: Any) -> None:
    """Receivers of events may be on this machine."""
    settings.EVENTS_ALLOW_PRIVATE = True


@pytest.fixture
def without_mail() -> Iterator[None]:
    """The site sends no mail, as without EMAIL_URL. In other tests it does: into `django.core.mail.outbox`."""
    off = {"MAILERS": {"default": {"BACKEND": NO_MAIL}}} if hasattr(settings, "MAILERS") else {"EMAIL_BACKEND": NO_MAIL}
    with override_settings(**off):
        yield


@pytest.fixture(params=LANES)
def lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs twice: a `SiteClient` asks by the fast lane, where there is one, and Django alone."""
    monkeypatch.setattr(SiteClient, "fast", request.param == LANES[0])
    return str(request.param)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under EVERY_SCRIPT=1, which `make test-cluster` sets, a script that no test ran on the cluster is a failure."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["scripts"] = sorted(ran)
    elif _left_out():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A test process of several hands over what ran in it."""
    ran.update(getattr(node, "workeroutput", {}).get("scripts", ()))


def _left_out() -> list[str]:
    return never_ran(ran) if os.environ.get("EVERY_SCRIPT") else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured (`record_property("figures", …)`): docs/operations.md is written from it."""
    for script in _left_out():
        terminalreporter.write_line(f"FAILED no test ran {script}.lua on the cluster", red=True)
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "figures" and report.when == "call":
                    terminalreporter.write_line(f"  {value}")


@pytest.fixture
def own_counts(tmp_path: Path, settings: Any) -> Iterator[None]:
    """Requests are counted in a table of this test's own: that of a long test process is full of other tests' rows."""
    settings.DATA_DIR = tmp_path
    forget_counts()
    yield
    forget_counts()
