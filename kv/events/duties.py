"""Background work: post events, delete old ones. See kv.work.duties."""

from __future__ import annotations

from kv.events.sender import Sender
from kv.events.upkeep import tidy_events
from kv.events.wanted import has_database
from kv.work.duties import Duty

SENDER = Sender()


def _deliver() -> bool | None:
    return SENDER.step() if has_database() else None


def _tidy() -> bool | None:
    return tidy_events() if has_database() else None


DELIVER = Duty("kv_events", every=2, lease=15, run=_deliver)
DUTIES = (DELIVER, Duty("kv_events_tidy", every=86400, lease=60, run=_tidy))
