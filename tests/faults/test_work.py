"""`manage.py work` as real processes: two do no harm, a signal ends one promptly, a store that goes away ends none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kv.store.connection import call
from kv.work.duties import wake_duty
from tests.faults.servers import Breakable, own_server, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


ROOT = Path(__file__).resolve().parents[2]

# A project of the base package and one app, whose duties leave their marks in the store.
_SETTINGS = """
from kv.store.caches import durable_cache
SECRET_KEY = "for tests"
INSTALLED_APPS = ["kv", "marks"]
CACHES = {
    "kv": durable_cache("embedded", directory=%r),
    "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}
LOGGING = {
    "version": 1,
    "handlers": {"err": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["err"], "level": "INFO"},
}
"""
_DUTIES = """
import os, threading
from kv.store.connection import call
from kv.work.duties import Duty

def often():
    # Overlapping runs would meet here.
    assert call("INCR", "{t}:inside") == 1
    call("RPUSH", "{t}:often", os.getpid())
    threading.Event().wait(0.02)
    call("DECR", "{t}:inside")

def rarely():
    call("INCR", "{t}:rarely")

def fail():
    call("INCR", "{t}:failed")
    raise ValueError("as it must")

def slow():
    call("INCR", "{t}:slow")
    threading.Event().wait(0.5)
    call("INCR", "{t}:slow_ended")

DUTIES = (
    Duty("often", every=0.05, lease=5, run=often),
    Duty("rarely", every=3600, lease=5, run=rarely, wakes=True),
    Duty("failing", every=0.05, lease=5, run=fail),
    Duty("slow", every=3600, lease=5, run=slow),
)
"""


class Project:
    """The little project on a breakable server, and its workers."""

    def __init__(self, folder: Path, breakable: Breakable) -> None:
        app = folder / "marks"
        app.mkdir()
        (app / "__init__.py").touch()
        (app / "duties.py").write_text(_DUTIES)
        (folder / "marks_settings.py").write_text(_SETTINGS % str(breakable.server.directory.parent))
        self.breakable = breakable
        self._environment = {
            **os.environ, "PYTHONPATH": f"{folder}:{ROOT}", "DJANGO_SETTINGS_MODULE": "marks_settings",
        }  # fmt: skip
        self.workers: list[subprocess.Popen[str]] = []

    def work(self, *options: str) -> subprocess.Popen[str]:
        worker = subprocess.Popen(
            [sys.executable, "-m", "django", "work", *options],
            env=self._environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.workers.append(worker)
        return worker


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with own_server(timeout_ms=5000) as breakable:
        project = Project(tmp_path, breakable)
        yield project
        for worker in project.workers:
            if worker.poll() is None:
                worker.kill()
            worker.communicate()


def number(key: str) -> int:
    return int(call("GET", key) or 0)


def ends(worker: subprocess.Popen[str], with_signal: int) -> tuple[float, str]:
    started = time.monotonic()
    worker.send_signal(with_signal)
    _, errors = worker.communicate(timeout=120)
    return time.monotonic() - started, errors


def happens(check: Callable[[], bool]) -> None:
    wait_until(check, 20)


def test_two_workers_share_the_work_and_never_meet(project: Project) -> None:
    first, second = project.work(), project.work()
    happens(lambda: call("LLEN", "{t}:often") >= 30)
    took = []
    for worker in (first, second):
        seconds, errors = ends(worker, signal.SIGTERM)
        took.append(seconds)
        assert worker.returncode == 0
        assert "AssertionError" not in errors
    assert max(took) < 8
    assert number("{t}:rarely") == 1
    assert number("{t}:slow") == number("{t}:slow_ended") == 1


def test_a_dead_workers_duties_are_taken_over(project: Project) -> None:
    first = project.work()
    happens(lambda: number("{t}:rarely") == 1)
    first.kill()
    before = call("LLEN", "{t}:often")
    call("SET", "{t}:inside", 0)
    project.work()
    happens(lambda: call("LLEN", "{t}:often") > before)


def test_a_wake_up_is_answered_within_a_second(project: Project) -> None:
    project.work()
    happens(lambda: number("{t}:rarely") == 1)
    took = []
    for times in (2, 3, 4):
        started = time.monotonic()
        wake_duty("rarely")
        happens(lambda times=times: number("{t}:rarely") == times)  # type: ignore[misc] # bound now, by its default
        took.append(time.monotonic() - started)
    # Unwoken it would be an hour; a machine that is busy elsewhere makes now one late and now another.
    assert min(took) < 1


def test_a_failing_duty_is_tried_again_less_and_less_often(project: Project) -> None:
    worker = project.work()
    happens(lambda: number("{t}:failed") >= 2)
    _, errors = ends(worker, signal.SIGINT)
    assert worker.returncode == 0
    assert "duty failing failed" in errors
    assert "as it must" in errors


def test_the_step_under_way_is_finished_first(project: Project) -> None:
    worker = project.work()
    happens(lambda: number("{t}:slow") == 1)
    ends(worker, signal.SIGTERM)
    assert number("{t}:slow_ended") == 1


def test_a_store_that_is_killed_or_frozen_ends_no_worker(project: Project) -> None:
    worker = project.work()
    happens(lambda: number("{t}:rarely") == 1)
    project.breakable.kill()
    # A run that was cut off leaves its mark; this test is not about it.
    happens(project.breakable.server.answers)
    call("SET", "{t}:inside", 0)
    wake_duty("rarely")
    happens(lambda: number("{t}:rarely") == 2)
    with project.breakable.frozen():
        lines = iter(worker.stderr or ())
        assert any("the store is unavailable" in line for line in lines)
    call("SET", "{t}:inside", 0)
    wake_duty("rarely")
    happens(lambda: number("{t}:rarely") == 3)
    assert worker.poll() is None


def test_once_runs_what_is_due_and_ends(project: Project) -> None:
    worker = project.work("--once")
    _, errors = worker.communicate(timeout=120)
    assert worker.returncode == 1
    assert "1 of 6 duties failed" in errors
    assert (number("{t}:rarely"), number("{t}:failed"), number("{t}:slow_ended")) == (1, 1, 1)


def test_list_names_them(project: Project) -> None:
    output, _ = project.work("--list").communicate(timeout=120)
    assert "rarely: every 3600 s, or at once when woken; lease 5 s" in output
