"""Keeps requests out of the logs."""

from __future__ import annotations

import logging

# Django adds the whole request to its records; a formatter that prints extra fields would print it.
_LEFT_OUT = ("request", "server_time", "taskName")


class LeaveOutRequest(logging.Filter):
    """Removes the request, and other fields that no line needs, from each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: records are changed, not dropped."""
        for name in _LEFT_OUT:
            record.__dict__.pop(name, None)
        return True
