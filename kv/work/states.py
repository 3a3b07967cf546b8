"""What is known of the duties and of the workers, for `work --list` and for metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kv import keys
from kv.store.connection import call, call_many
from kv.store.scripts import Script
from kv.times import local_from_ms, server_ms
from kv.work.duties import Duty, retry_pause

#: A worker says so often, in seconds, that it is alive.
ALIVE_EVERY = 5.0
#: One that has not for so long is not.
ALIVE_SECONDS = 20.0
_REMEMBERED_MS = 86_400_000
_FIELDS = ("ended", "failures", "last", "runs", "failed")

note_worker_script = Script("kv", "note_worker")


@dataclass(frozen=True)
class DutyState:
    """One duty, as the store knows it.

    last:  when its last step ended; None: never.
    next:  when it is due; None: at once.
    lease: seconds that the lease of the worker that runs it now still lasts; 0: nobody runs it.
    failures: failed steps in a row. runs, failed: steps that ended, and that failed, ever.
    """

    duty: Duty
    last: datetime | None
    next: datetime | None
    lease: float
    failures: int
    runs: int
    failed: int


@dataclass(frozen=True)
class Workers:
    """alive: how many background workers there are now. seen: when one was last alive; None: none for a day."""

    alive: int
    seen: datetime | None


def note_worker(token: str) -> None:
    """Write down that the worker with this token is alive. Raises StoreUnavailable."""
    note_worker_script.read([keys.workers()], [token, _REMEMBERED_MS])


def read_duties(duties: Sequence[Duty]) -> list[DutyState]:
    """The state of each duty. One round trip. Raises StoreUnavailable."""
    commands: list[tuple[Any, ...]] = []
    for duty in duties:
        commands += [
            ("HMGET", keys.due(duty.name), *_FIELDS),
            ("PTTL", keys.lease(duty.name)),
            ("EXISTS", keys.wake(duty.name)),
        ]
    replies = call_many(commands) if commands else []
    rows = zip(replies[::3], replies[1::3], replies[2::3], strict=True)
    return [_state(duty, *row) for duty, row in zip(duties, rows, strict=True)]


def read_workers() -> Workers:
    """Which workers are alive. Two round trips at most. Raises StoreUnavailable."""
    newest = call("ZRANGE", keys.workers(), -1, -1, "WITHSCORES")
    if not newest:
        return Workers(0, None)
    since = server_ms(call("TIME")) - int(ALIVE_SECONDS * 1000)
    alive = call("ZCOUNT", keys.workers(), since, "+inf")
    # RESP3 answers with pairs.
    score = newest[0][1] if isinstance(newest[0], list) else newest[1]
    return Workers(int(alive), local_from_ms(int(float(score))))


def _state(duty: Duty, fields: Sequence[Any], lease: int, woken: int) -> DutyState:
    ended, failures, last, runs, failed = (int(value or 0) for value in fields)
    pause = retry_pause(failures) if failures else duty.every
    at_once = not ended or (woken and not failures)
    return DutyState(
        duty,
        local_from_ms(last or ended) if last or ended else None,
        None if at_once else local_from_ms(ended + int(pause * 1000)),
        max(lease, 0) / 1000,
        failures,
        runs,
        failed,
    )
