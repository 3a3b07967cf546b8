"""`kill -9` of the store and of the deliverer: nothing acknowledged is lost, nothing counted twice, all is posted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings

from codetags import keys
from codetags.services.breakdowns import list_placements, read_breakdown
from codetags.services.counts import get_code
from codetags.services.hits import record_hit
from codetags.services.outbox import deliver_events, outbox_state
from codetags.types import Audience, Device, Outcome
from kv import keys as kv_keys
from kv.days import local_day
from kv.errors import StoreUnavailable
from kv.store.connection import call
from tests.codetags.receiver import SECRET, Receiver, receiving
from tests.faults.servers import Breakable, own_server, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db

# A project of the base package and this app, for a deliverer in a process of its own.
_SETTINGS = """
from kv.store.caches import durable_cache
SECRET_KEY = "for tests"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "kv", "codetags"]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}}
CACHES = {{
    "kv": durable_cache("embedded", directory={directory!r}, timeout_ms=5000),
    "default": {{"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
}}
USE_TZ = True
QR_ANALYTICS_EXTERNAL_URL = {url!r}
QR_ANALYTICS_EXTERNAL_SECRET = {secret!r}
"""


@pytest.fixture
def breakable() -> Iterator[Breakable]:
    # None of this is about how soon a refusal comes: every acknowledged hit waits for the disk.
    with own_server(timeout_ms=5000) as server, override_settings(RATE_LIMITS=None):
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with (
        receiving() as receiver,
        override_settings(QR_ANALYTICS_EXTERNAL_URL=receiver.url, QR_ANALYTICS_EXTERNAL_SECRET=SECRET),
    ):
        yield receiver


def record(visitor: int, **more: Any) -> Outcome:
    address = f"10.{visitor >> 16}.{visitor >> 8 & 255}.{visitor & 255}"
    return record_hit(code="DEMO", address=address, agent="Mozilla", **more)


def counted() -> int:
    return int(call("GET", keys.count("DEMO")) or 0)


class TestStoreKilled:
    def test_acknowledged_is_counted_and_nothing_twice(self, breakable: Breakable, receiver: Receiver) -> None:
        """Eight writers; the server dies twice under them. Each visitor tries once."""
        visitors = 4000
        outcomes: Counter[str] = Counter()
        lock = threading.Lock()

        def visit(visitor: int) -> None:
            try:
                outcome = record(visitor).value
            except StoreUnavailable:
                outcome = "away"
            with lock:
                outcomes[outcome] += 1

        with ThreadPoolExecutor(8) as pool:
            for visitor in range(visitors):
                pool.submit(visit, visitor)
            for enough in (visitors // 4, visitors // 2):
                wait_until(lambda enough=enough: outcomes.total() >= enough, 60)  # type: ignore[misc] # bound now, by its default
                breakable.kill()
        breakable.server.ensure(30)
        acknowledged = outcomes["counted"]
        assert outcomes["away"] > 0, "the server died under the writers"
        assert acknowledged <= counted() <= visitors
        code = get_code("DEMO")
        assert code is not None
        assert sum(code.last_30_days) == counted() == outbox_state().waiting, "one step, so all parts agree"
        # Whoever saw no answer tries again: those that had been counted all the same are not counted twice.
        for visitor in range(visitors):
            record(visitor)
        assert counted() == visitors == outbox_state().waiting

    def test_while_hits_are_posted(self, breakable: Breakable, receiver: Receiver) -> None:
        total = 300
        for visitor in range(total):
            record(visitor)

        def kill_midway() -> None:
            wait_until(lambda: len(receiver.seen) >= 60, 60)
            breakable.kill()

        killer = threading.Thread(target=kill_midway)
        killer.start()
        failures = 0
        while waiting() != 0:
            try:
                deliver_events(even_if_paused=True)
            except StoreUnavailable:
                failures += 1
                breakable.server.ensure(30)
        killer.join()
        assert len(receiver.taken) == total, "each at least once, and by its id exactly once"
        assert total <= len(receiver.seen) <= total + failures


def waiting() -> int | None:
    try:
        return outbox_state().waiting
    except StoreUnavailable:
        return None


class TestBreakdownsKilled:
    def test_every_sum_is_the_count_after_each_kill(self, breakable: Breakable) -> None:
        """Eight writers, and three times the server dies under them. Each hit has a placement and all the rest."""
        visitors, rounds = 800, 3
        lost = 0
        for turn in range(rounds):
            outcomes: Counter[str] = Counter()
            lock = threading.Lock()

            def visit(visitor: int, outcomes: Counter[str] = outcomes, lock: Any = lock) -> None:
                device = tuple(Device)[visitor % 4]
                audience = Audience(device, ("fr", "de")[visitor % 2], f"s{visitor % 30}.example", "CH")
                try:
                    outcome = record(visitor, at=f"hall-{visitor % 70}", audience=audience).value
                except StoreUnavailable:
                    outcome = "away"
                with lock:
                    outcomes[outcome] += 1

            with ThreadPoolExecutor(8) as pool:
                for visitor in range(turn * visitors, (turn + 1) * visitors):
                    pool.submit(visit, visitor)
                wait_until(lambda outcomes=outcomes: outcomes.total() >= visitors // 3, 60)  # type: ignore[misc] # bound now, by its default
                breakable.kill()
            breakable.server.ensure(30)
            lost += outcomes["away"]
            today = local_day()
            found = read_breakdown("DEMO", since=today, until=today)
            sums = {
                "placements": sum(one.count for one in found.placements),
                "in all": sum(hits for _, hits in list_placements(["DEMO"])[0]),
                "hours": sum(hits or 0 for hits in found.hours),
                "devices": sum(hits or 0 for hits in found.devices.values()),
                "languages": sum(found.languages.values()),
                "referrers": sum(found.referrers.values()),
                "countries": sum(found.countries.values()),
            }
            assert sums == dict.fromkeys(sums, counted())
            assert len(found.placements) <= keys.MOST_PLACEMENTS + 1
            assert len(found.referrers) <= keys.MOST_VALUES + 1
        assert lost > 0, "the server died under the writers"


class TestDelivererKilled:
    def test_every_hit_arrives_at_least_once(self, breakable: Breakable, receiver: Receiver, tmp_path: Path) -> None:
        """The deliverer is killed three times in the middle of its work, then another one ends it."""
        total = 300
        for visitor in range(total):
            record(visitor)
        text = _SETTINGS.format(directory=os.fspath(breakable.server.directory.parent), url=receiver.url, secret=SECRET)
        (tmp_path / "kill_settings.py").write_text(text)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "kill_settings",
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        }
        command = [sys.executable, "-m", "django", "codetags_deliver"]
        for kill_at in (40, 110, 190):
            with subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                wait_until(lambda kill_at=kill_at: len(receiver.seen) >= kill_at, 60)  # type: ignore[misc] # bound now, by its default
                process.kill()
            assert process.returncode == -9
            call("DEL", kv_keys.lease("codetags_deliver"))  # as its time does
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert receiver.signed
        assert len(receiver.taken) == total, "after a dedupe by id, each exactly once"
        assert total <= len(receiver.seen) <= total + 3, "what was under way when it died, and nothing else, came twice"
        assert outbox_state().waiting == 0

    def test_two_deliverers_take_turns(self, breakable: Breakable, receiver: Receiver, tmp_path: Path) -> None:
        total = 120
        for visitor in range(total):
            record(visitor)
        text = _SETTINGS.format(directory=os.fspath(breakable.server.directory.parent), url=receiver.url, secret=SECRET)
        (tmp_path / "two_settings.py").write_text(text)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "two_settings",
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        }
        command = [sys.executable, "-m", "django", "codetags_deliver"]
        running = [
            subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for process in running:
            _, complaint = process.communicate(timeout=120)
            assert process.returncode == 0, complaint
        assert set(receiver.taken.values()) == {1}
        assert len(receiver.seen) == total
