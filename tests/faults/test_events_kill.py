"""`kill -9` of the worker: every event reaches each receiver at least once, and none is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.codetags.receiver import served
from tests.faults.servers import own_server, wait_until
from tests.kv.event_receiver import StandardReceiver

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

# A project of the base package and two apps: for a worker, and for what happens, in processes of their own.
_SETTINGS = """
from kv.store.caches import durable_cache
SECRET_KEY = "for tests"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "kv", "usertokens", "codetags"]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {directory!r} + "/db.sqlite3",
    "OPTIONS": {{"timeout": 30, "transaction_mode": "IMMEDIATE",
                 "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"}}}}}}
CACHES = {{
    "kv": durable_cache("embedded", directory={store!r}, timeout_ms=5000),
    "default": {{"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
}}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EVENTS_ALLOW_PRIVATE = True
RATE_LIMITS = None
"""
_HAPPENS = """
import django; django.setup()
from django.contrib.auth import get_user_model
from codetags.services.hits import record_hit
from usertokens.services.balances import spend_tokens
for number in range({first}, {first} + 40):
    user = get_user_model().objects.create_user(f"user{{number}}")
    for _ in range(2):
        spend_tokens(str(user.pk), 1, reason="kill")
    record_hit(code="DEMO", address=f"10.0.0.{{number}}", agent="Mozilla")
"""
_RECEIVER = """
import django; django.setup()
from kv.models import EventReceiver
from codetags.services import code_events
from usertokens.services import event_flags
for name, url in (("Good", {good!r}), ("Dead", "http://127.0.0.1:9/")):
    EventReceiver.objects.create(
        name=name, url=url, secret={secret!r}, types=["user.created", "tokens.spent", "code.hit"])
"""


class Project:
    """Its processes. `run` waits for the end of one, `work` starts a worker."""

    def __init__(self, directory: Path, store: str) -> None:
        (directory / "kill_settings.py").write_text(_SETTINGS.format(directory=str(directory), store=store))
        paths = os.pathsep.join([str(directory), str(ROOT)])
        self._environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "kill_settings", "PYTHONPATH": paths}

    def run(self, *args: str) -> None:
        subprocess.run([sys.executable, *args], env=self._environment, check=True, timeout=120, capture_output=True)

    def work(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "django", "work"],
            env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with own_server(timeout_ms=5000) as server:
        found = Project(tmp_path, str(server.server.directory.parent))
        found.run("-m", "django", "migrate", "--verbosity", "0")
        yield found


def test_each_event_at_least_once_and_none_lost(project: Project) -> None:
    with served(StandardReceiver(SECRET)) as receiver:

        def is_under_way(number: int) -> bool:
            return len(receiver.taken) > number

        project.run("-c", _RECEIVER.format(good=receiver.url, secret=SECRET))
        for round_number in range(2):
            worker = project.work()
            try:
                project.run("-c", _HAPPENS.format(first=40 * round_number))
                # In the middle of it: some are delivered, others are not.
                wait_until(partial(is_under_way, 100 * round_number), seconds=90)
            finally:
                worker.kill()
                worker.wait()
        worker = project.work()
        try:
            wait_until(partial(is_under_way, 2 * 40 * 4 - 1), seconds=120)
        finally:
            worker.kill()
            worker.wait()
    kinds: dict[str, set[Any]] = {"user.created": set(), "tokens.spent": set(), "code.hit": set()}
    for event, headers in zip(receiver.seen, receiver.headers, strict=True):
        kinds[event["type"]].add(headers["webhook-id"])
    assert {kind: len(ids) for kind, ids in kinds.items()} == {
        "user.created": 80,
        "tokens.spent": 160,
        "code.hit": 80,
    }
    assert receiver.signed
