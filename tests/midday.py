"""A time zone in which it is about noon: a test that reads the clock twice must not do so on two days."""

from __future__ import annotations

from datetime import UTC, datetime


def midday_zone() -> str:
    """The name of a zone, a whole number of hours from UTC, where it is between 12:00 and 13:00."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}"  # these names count westwards
