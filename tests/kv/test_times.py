"""Milliseconds since 1970, as scripts take and answer them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kv.days import day_start
from kv.times import from_ms, local_from_ms, to_ms

LARGEST = 253_402_300_799_999  # the last millisecond of the year 9999


@given(st.integers(0, LARGEST), st.integers(0, 999))
def test_come_back_as_they_were(milliseconds: int, microseconds: int) -> None:
    moment = from_ms(milliseconds) + timedelta(microseconds=microseconds)
    assert to_ms(moment) == milliseconds
    assert to_ms(moment.astimezone(ZoneInfo("America/St_Johns"))) == milliseconds


def test_none_leaves_the_time_to_the_server() -> None:
    assert to_ms(None) == ""


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Apia"])
def test_local_moments_are_in_the_site_s_time_zone(settings: Any, zone: str) -> None:
    settings.TIME_ZONE = zone
    moment = local_from_ms(1_790_000_000_123)
    assert moment == datetime(2026, 9, 21, 14, 13, 20, 123_000, tzinfo=UTC)
    assert moment.isoformat() == moment.astimezone(ZoneInfo(zone)).isoformat()


def test_a_day_begins_by_the_site_s_clock_also_on_the_day_it_changes(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    first, second = (day_start(date(2026, 3, day)) for day in (29, 30))
    assert first.astimezone(UTC) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert to_ms(second) - to_ms(first) == 23 * 3600 * 1000
