"""Background work of the app: the event of yesterday's figures. See kv.work.duties."""

from __future__ import annotations

from kv.work.duties import Duty
from stats.services.daily_events import emit_yesterday

DUTIES = (Duty("stats_daily", every=900, lease=60, run=emit_yesterday),)
