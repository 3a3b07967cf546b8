"""Background work: what an app asks for in its `duties.py`, and the lease under which one worker at a time does it.

An app's `duties.py` holds `DUTIES = (Duty("stats_tidy", every=3600, lease=60, run=tidy_days), …)`.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from importlib import import_module
from logging import getLogger

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import module_has_submodule

from kv import keys
from kv.errors import StoreUnavailable
from kv.process.request_ids import run_with_id
from kv.process.tracing import span
from kv.store.connection import Arg, call_write
from kv.store.scripts import Script

log = getLogger(__name__)

_TAKE = Script("kv", "take_lease")
_RENEW = Script("kv", "renew_lease")
_END = Script("kv", "end_lease")
_WAKE_SECONDS = 86400
#: Where the base package has its own.
_PLACES = {"kv": "kv.events.duties"}


class DutyHeld(Exception):
    """Another worker is at it. `seconds`: how long its lease lasts unless it is renewed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"another worker is at it (its lease lasts {seconds:.0f} s unless renewed)")
        self.seconds = seconds


class DutyNotDue(Exception):
    """It is not time yet. `seconds`: how long until it is."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"due in {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Duty:
    """One piece of background work.

    name:  unique in the project, such as `billing_inbox`.
    every: seconds from the end of one run to the start of the next.
    lease: seconds after which another worker takes over from one that died; renewed while the run lasts.
    run:   does one step; safe to run twice, since a lease can be lost. True = more work waits, so the next step follows
           at once; short steps let a worker end promptly.
    wakes: whether `wake_duty(name)` may call it before its time (within half a second).
    """

    name: str
    every: float
    lease: float
    run: Callable[[], bool | None]
    wakes: bool = False


def installed_duties() -> tuple[Duty, ...]:
    """The duties of every installed app. Raises ImproperlyConfigured when two have one name."""
    found: dict[str, Duty] = {}
    for _, duties in _by_app():
        for duty in duties:
            if duty.name in found:
                raise ImproperlyConfigured(f"two duties are named {duty.name}")
            found[duty.name] = duty
    return tuple(found.values())


def apps_with_duties() -> tuple[str, ...]:
    """The labels of the installed apps that have duties."""
    return tuple(label for label, _ in _by_app())


def _by_app() -> Iterator[tuple[str, tuple[Duty, ...]]]:
    for config in apps.get_app_configs():
        place = _PLACES.get(config.name)
        if place is None and module_has_submodule(config.module, "duties"):
            place = f"{config.name}.duties"
        if place:
            # A project's own app may have a module of this name for something else.
            duties = getattr(import_module(place), "DUTIES", ())
            if duties:
                yield config.label, tuple(duties)


def retry_pause(failures: int) -> float:
    """Seconds until a duty that failed so many times in a row is tried again: 1, 2, 4 … 300, as take_lease has it."""
    return float(min(2 ** min(failures - 1, 20), 300))


def wake_duty(name: str) -> None:
    """Have a worker run the duty now, without waiting for its time. Raises StoreUnavailable; its time comes anyway."""
    call_write("SET", keys.wake(name), "1", "EX", _WAKE_SECONDS)


def run_duty(duty: Duty, *, token: str | None = None, due_only: bool = False) -> bool:
    """Run one step of a duty under its lease; True when more work waits.

    token:    the worker's own random token; None makes one.
    due_only: only when it is due or was woken; a command runs it whenever it is called.
    Raises DutyHeld, DutyNotDue, StoreUnavailable, or whatever the duty itself raises. A worker logs a ServiceAway in
    one line, anything else with its traceback.
    """
    token = token or secrets.token_hex(16)
    failures = _take(duty, token, due_only=due_only)
    try:
        with run_with_id(), span(f"duty {duty.name}"), _renewing(duty, token):
            more = bool(duty.run())
    except BaseException:
        _end(duty, token, more=False, failures=failures + 1)
        raise
    _end(duty, token, more=more, failures=0)
    return more


def _take(duty: Duty, token: str, *, due_only: bool) -> int:
    names = [keys.lease(duty.name), keys.due(duty.name), keys.wake(duty.name)]
    args: list[Arg] = [token, _ms(duty.lease), _ms(duty.every), "" if due_only else "1"]
    answer, number = _TAKE.run(names, args)
    if answer == b"held":
        raise DutyHeld(max(number, 0) / 1000)
    if answer == b"waiting":
        raise DutyNotDue(number / 1000)
    return int(number)


def _end(duty: Duty, token: str, *, more: bool, failures: int) -> None:
    try:
        answer = _END.run([keys.lease(duty.name), keys.due(duty.name)], [token, "1" if more else "", failures])
    except StoreUnavailable:
        log.warning("duty %s: the store is unavailable, its lease will expire", duty.name)
        return
    if answer == b"lost":
        log.warning("duty %s: another worker took over before it ended", duty.name)


@contextmanager
def _renewing(duty: Duty, token: str) -> Iterator[None]:
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(duty.lease / 3):
            try:
                if _RENEW.run([keys.lease(duty.name)], [token, _ms(duty.lease)]) == b"lost":
                    return
            except StoreUnavailable:
                log.warning("duty %s: its lease could not be renewed", duty.name)

    # With a copy of the context: what it logs has the id of this run.
    thread = threading.Thread(target=copy_context().run, args=(renew,), name=f"lease of {duty.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _ms(seconds: float) -> int:
    return max(int(seconds * 1000), 1)
