"""The site's day, whatever zone the moment is told in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from kv.days import local_day, read_moment

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


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-31T22:30:00+00:00", LATE),
        ("2026-03-31T22:30Z", LATE),
        ("2026-04-01 00:30", LATE),
        ("2026-04-01T00:30:00.000", LATE),
        ("2026-04-01T07:30+09:00", datetime(2026, 3, 31, 22, 30, tzinfo=UTC)),
        ("2026-04-01", datetime(2026, 4, 1, 21, 59, 59, 999000, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_with_and_without_its_zone(text: str, moment: datetime, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Paris"
    assert read_moment(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "2026-13-01",
        "2026-02-30T12:00",
        "12:00",
        "9999-12-31",
        "0001-01-01T00:00",
        "2026-04-01T00:30+25:00",
    ],
)
def test_what_is_no_moment_is_refused(text: str, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Paris"
    with pytest.raises(ValueError, match="is no moment"):
        read_moment(text)
