"""Logs: JSON lines without addresses, secrets and requests."""

from __future__ import annotations

import logging
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from kv.monitoring.logs import ZonedTimes

# Django adds the whole request to its records; a formatter that prints extra fields would print it.
_LEFT_OUT = ("request", "server_time", "taskName")


class LeaveOutRequest(logging.Filter):
    """Removes the request, and other fields that no line needs, from each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: records are changed, not dropped."""
        for name in _LEFT_OUT:
            record.__dict__.pop(name, None)
        return True


class JsonLines(ZonedTimes, JsonFormatter):
    """One JSON object a line. Lines of no request have no `request_id`."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """The fields of the line."""
        if not log_data.get("request_id"):
            log_data.pop("request_id", None)
        return log_data


#: The setting LOGGING.
CONFIGURATION = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "config.logs.JsonLines",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
        }
    },
    "filters": {
        "plain": {"()": "config.logs.LeaveOutRequest"},
        "request_ids": {"()": "kv.monitoring.logs.RequestIds"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["plain", "request_ids"]}
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Any client chooses the Host header and the size of a form: a traceback for each would fill the disk.
        "django.security": {"level": "CRITICAL"},
        # Refused requests (4xx) are normal; failed ones (5xx) are errors.
        "django.request": {"level": "ERROR"},
        "axes": {"level": "WARNING"},
        # At INFO it logs two lines for each request, with the ids of customers.
        "stripe": {"level": "WARNING"},
    },
}
