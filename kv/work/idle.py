"""Whether background work waits for a worker that nobody runs, for `check --deploy` and `kv_check`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max

from kv.times import aware, utc_now
from kv.work.duties import Duty, apps_with_duties
from kv.work.states import DutyState, read_duties, read_workers

#: A duty may be late by so much: a worker that is started again, or an hourly `work --once`, is no reason to warn.
PATIENCE = timedelta(hours=1)


@dataclass(frozen=True)
class Idle:
    """No worker has run for an hour though duties are due.

    duties: their names. since: when a worker last did anything; None: never.
    """

    duties: tuple[str, ...]
    since: datetime | None

    def __str__(self) -> str:
        when = f"since {self.since.isoformat(timespec='minutes')}" if self.since else "yet"
        return f"No background worker has run {when}, and work is waiting: {', '.join(self.duties)}."


def find_idle(duties: Sequence[Duty], *, now: datetime | None = None) -> Idle | None:
    """What waits, and since when; None where all is well, there are no duties, or the project was just installed.

    Raises StoreUnavailable.
    """
    if not duties:
        return None
    now = now or utc_now()
    states = read_duties(duties)
    since = max((moment for moment in (*(state.last for state in states), read_workers().seen) if moment), default=None)
    if since is not None and now - since <= PATIENCE:
        return None
    installed = _installed() if any(state.last is None for state in states) else None
    late = tuple(state.duty.name for state in states if _is_late(state, installed, now))
    return Idle(late, since) if late else None


def _is_late(state: DutyState, installed: datetime | None, now: datetime) -> bool:
    if state.lease:
        return False  # a worker is at it
    due = state.next or state.last or installed
    return due is not None and now - due > PATIENCE


def _installed() -> datetime | None:
    """When the tables of the newest app with duties were made: its duties are due from then on. None: not known."""
    try:
        rows = MigrationRecorder(connections[DEFAULT_DB_ALIAS]).migration_qs
        first = rows.filter(app__in=apps_with_duties(), name__startswith="0001_").aggregate(Max("applied"))
    except (DatabaseError, ImproperlyConfigured):
        return None
    moment: datetime | None = first["applied__max"]
    return None if moment is None else aware(moment)
