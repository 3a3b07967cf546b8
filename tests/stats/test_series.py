"""The daily series, in the site's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kv.days import local_day
from stats.services.payment_code_counts import record_payment_code
from stats.services.series import list_days
from stats.services.usage import record_usage
from stats.services.visits import exclude_visit, record_visit
from stats.types import Day, Reason

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


def test_a_day_holds_everything_that_happened_on_it() -> None:
    record_visit(address="203.0.113.1", now=NOW)
    record_visit(address="203.0.113.1", now=NOW)
    record_visit(address="203.0.113.2", now=NOW)
    exclude_visit(address="203.0.113.3", reason=Reason.BOT, now=NOW)
    exclude_visit(address="203.0.113.3", reason=Reason.BOT, now=NOW)
    record_payment_code(id="one", amount_cents=1250, now=NOW)
    record_payment_code(id="two", amount_cents=1, now=NOW)
    record_payment_code(id="two", amount_cents=1, now=NOW)
    record_usage(tool="payment-qr", now=NOW)
    assert list_days(days=1, now=NOW) == (
        Day(
            day=NOW.date(),
            visits=3,
            visitors=2,
            payment_codes=2,
            revenue_cents=1251,
            excluded={"bot": 2, "seen": 1},
            tools={"payment-qr": 1},
        ),
    )


def test_days_come_oldest_first_and_empty_ones_too() -> None:
    record_visit(address="203.0.113.1", now=NOW - timedelta(days=2))
    days = list_days(days=4, now=NOW)
    assert [day.day for day in days] == [date(2026, 3, number) for number in (7, 8, 9, 10)]
    assert [day.visits for day in days] == [0, 1, 0, 0]


def test_a_visitor_is_new_on_one_day_only() -> None:
    for back in (2, 1, 0):
        record_visit(address="203.0.113.1", now=NOW - timedelta(days=back))
    assert [day.visitors for day in list_days(days=3, now=NOW)] == [1, 0, 0]


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("UTC", datetime(2026, 3, 10, 23, 59, tzinfo=UTC), date(2026, 3, 10)),
        ("Europe/Berlin", datetime(2026, 3, 10, 23, 1, tzinfo=UTC), date(2026, 3, 11)),
        ("America/New_York", datetime(2026, 3, 10, 3, 59, tzinfo=UTC), date(2026, 3, 9)),
        ("Pacific/Kiritimati", datetime(2026, 3, 10, 10, 0, tzinfo=UTC), date(2026, 3, 11)),
    ],
)
def test_the_day_is_the_site_s_own(zone: str, moment: datetime, day: date, settings: Any) -> None:
    settings.TIME_ZONE = zone
    assert local_day(moment) == day
    record_visit(address="203.0.113.1", now=moment)
    assert list_days(days=1, now=moment)[0].visits == 1
    assert list_days(days=1, now=moment)[0].day == day
