"""Count visits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kv.days import local_day
from kv.process.threads import async_twin
from kv.store.scripts import Script
from kv.store.steps import Step, Steps, drive
from stats import keys
from stats.conf import VISIT_LIMIT
from stats.services import figures
from stats.services.series import VOTE_EVERY
from stats.services.visitors import visitor_of
from stats.types import Reason, Visit

_UNIQUES_TTL = 400 * 86400

record_visit_script = Script("stats", "record_visit")
exclude_visit_script = Script("stats", "exclude_visit")


def record_visit(*, address: str, now: datetime | None = None) -> Visit:
    """Count the visitor at a canonical address, only the first time. One round trip.

    Raises RateLimited or StoreUnavailable, and then has counted nothing.
    """
    return drive(record_visit_steps(address, now))


def record_visit_steps(address: str, now: datetime | None = None) -> Steps[Visit]:
    """The work of `record_visit`."""
    visitor = visitor_of(address)
    reply = yield Step(
        record_visit_script,
        keys.visit(visitor.shard, local_day(now), visitor.caller),
        [visitor.member, visitor.element, _UNIQUES_TTL, *VISIT_LIMIT.script_args, VOTE_EVERY],
    )
    _raise_if_limited(reply)
    total = int(reply[2])
    figures.note_visitors(total)
    return Visit(counted=reply[1] == 1, visitors=total, reason=None if reply[1] == 1 else Reason.SEEN)


arecord_visit = async_twin(record_visit)


def exclude_visit(*, address: str, reason: Reason, now: datetime | None = None) -> Visit:
    """Count an excluded visit in the day's series, under its reason.

    Raises RateLimited or StoreUnavailable, and then has counted nothing.
    """
    return drive(exclude_visit_steps(address, reason, now))


def exclude_visit_steps(address: str, reason: Reason, now: datetime | None = None) -> Steps[Visit]:
    """The work of `exclude_visit`."""
    visitor = visitor_of(address)
    reply = yield Step(
        exclude_visit_script,
        [keys.visitors(), keys.day(local_day(now)), keys.visit_window(visitor.caller)],
        [f"out:{reason.value}", *VISIT_LIMIT.script_args],
    )
    _raise_if_limited(reply)
    return Visit(counted=False, visitors=int(reply[1]), reason=reason)


aexclude_visit = async_twin(exclude_visit)


def _raise_if_limited(reply: Any) -> None:
    if reply[0] == b"limited":
        raise VISIT_LIMIT.exceeded(reply[1])
