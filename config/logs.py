"""What never reaches a log."""

from __future__ import annotations

import logging

# Django hangs the whole request on its records; a formatter that prints extra fields would print it.
_LEFT_OUT = ("request", "server_time", "taskName")


class LeaveOutRequest(logging.Filter):
    """Takes the request, and what else no line needs, off each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: records are cleaned, not dropped."""
        for name in _LEFT_OUT:
            record.__dict__.pop(name, None)
        return True
