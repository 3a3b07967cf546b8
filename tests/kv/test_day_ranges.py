"""Which days a page with charts shows."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kv.web.day_ranges import read_range

TODAY = date(2026, 11, 29)


def chosen(query: str) -> tuple[str, str, int | None]:
    shown = read_range(dict(parse_qsl(query)), TODAY)
    return shown.first.isoformat(), shown.last.isoformat(), shown.chosen


@pytest.mark.parametrize(
    ("query", "first", "last", "days"),
    [
        ("", "2026-10-31", "2026-11-29", 30),
        ("days=7", "2026-11-23", "2026-11-29", 7),
        ("days=365", "2025-11-30", "2026-11-29", 365),
        ("days=14", "2026-11-16", "2026-11-29", 14),
        ("from=2026-01-01&to=2026-03-31", "2026-01-01", "2026-03-31", None),
        ("from=2026-11-01", "2026-11-01", "2026-11-29", None),
        ("to=2026-03-31", "2026-03-02", "2026-03-31", None),
        ("from=2026-11-20&to=2027-01-01", "2026-11-20", "2026-11-29", None),  # the future is not there yet
        ("from=1900-01-01&to=2026-03-31", "2023-03-30", "2026-03-31", None),  # as long as a page reads at most
        ("days=99999", "2023-11-28", "2026-11-29", 1098),
    ],
)
def test_the_query_says_which(query: str, first: str, last: str, days: int | None) -> None:
    assert chosen(query) == (first, last, days)


@pytest.mark.parametrize(
    "query",
    [
        *("days=abc", "days=0", "days=-7", "days=7.5", "days=\u0667", "days=1e3", "days=1000000", "days="),
        *("from=abc", "from=2026-02-30", "from=2026-03-31&to=2026-01-01", "from=2027-01-01", "to=", "from=&to="),
    ],
)
def test_what_can_not_be_read_shows_the_usual_days(query: str) -> None:
    assert chosen(query) == ("2026-10-31", "2026-11-29", 30)


def test_the_first_days_of_the_calendar() -> None:
    shown = read_range({"from": "0001-01-01", "to": "0001-01-02"}, TODAY)
    assert shown.before[0] >= date.min


def test_links_keep_the_rest_of_the_query() -> None:
    shown = read_range({"q": "a b", "days": "7", "other": "1"}, TODAY, kept=("q", "empty"))
    assert [(link.days, link.query, link.is_current) for link in shown.links] == [
        (7, "?q=a+b&days=7", True),
        (30, "?q=a+b&days=30", False),
        (90, "?q=a+b&days=90", False),
        (365, "?q=a+b&days=365", False),
    ]


@given(st.dictionaries(st.sampled_from(["days", "from", "to"]), st.dates().map(str) | st.text(max_size=8)))
def test_every_query_shows_days_up_to_today(query: dict[str, str]) -> None:
    shown = read_range(query, TODAY)
    assert shown.first <= shown.last <= TODAY
    assert 1 <= shown.days <= 1098
    first, last = shown.before
    assert (last - first).days + 1 == shown.days
    assert last == shown.first - timedelta(days=1)
    again = read_range(dict(parse_qsl(shown.query)), TODAY)
    assert (again.first, again.last) == (shown.first, shown.last)
