"""The site's day, whatever zone the moment is told in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from kv.days import local_day

LATE = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", date(2026, 3, 31)), ("Europe/Paris", date(2026, 4, 1)), ("America/New_York", date(2026, 3, 31))],
)
@pytest.mark.parametrize("moment", [LATE, LATE.astimezone(timezone(timedelta(hours=9)))])
def test_is_that_of_its_zone(moment: datetime, zone: str, day: date, settings: Any) -> None:
    settings.TIME_ZONE = zone
    assert local_day(moment) == day


def test_of_this_moment() -> None:
    before, found, after = local_day(datetime.now(UTC)), local_day(), local_day(datetime.now(UTC))
    assert before <= found <= after
