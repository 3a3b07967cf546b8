"""For LOGGING: the request's id on every line, and times that say their zone."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from kv.process.request_ids import current_id


class RequestIds(logging.Filter):
    """Adds `request_id` to each record: that of the request or of the duty's run; "" outside of both."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: records are changed, not dropped."""
        if not hasattr(record, "request_id"):
            record.request_id = current_id()
        return True


class ZonedTimes(logging.Formatter):
    """A formatter whose `asctime` is ISO 8601 with milliseconds and the offset: 2026-11-28T19:01:32.123+01:00."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 (logging's name)
        """In the zone of the process, which Django sets to TIME_ZONE. datefmt: as strftime takes it, instead."""
        at = datetime.fromtimestamp(record.created, UTC).astimezone()
        return at.strftime(datefmt) if datefmt else at.isoformat(timespec="milliseconds")
