"""Days put together to weeks, months and years."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kv.web.buckets import MOST, bucket_days

TODAY = date(2026, 11, 29)
DATES = st.dates()
VALUES = st.none() | st.integers(0, 2**40)


@pytest.mark.parametrize(
    ("days", "buckets", "oldest", "newest"),
    [
        (1, 1, ("2026-11-29", "2026-11-29"), ("2026-11-29", "2026-11-29")),
        (90, 90, ("2026-09-01", "2026-09-01"), ("2026-11-29", "2026-11-29")),
        (365, 53, ("2025-11-30", "2025-11-30"), ("2026-11-23", "2026-11-29")),
        (1000, 33, ("2024-03-05", "2024-03-31"), ("2026-11-01", "2026-11-29")),
        (5000, 56, ("2013-03-23", "2013-03-31"), ("2026-10-01", "2026-11-29")),
        (10_000, 28, ("1999-07-15", "1999-12-31"), ("2026-01-01", "2026-11-29")),
        (100_000, 56, ("1753-02-14", "1754-12-31"), ("2025-01-01", "2026-11-29")),
    ],
)
def test_a_long_range_is_shown_in_longer_parts(
    days: int, buckets: int, oldest: tuple[str, str], newest: tuple[str, str]
) -> None:
    found = bucket_days([(TODAY - timedelta(days=back), 1, None) for back in range(days)])
    assert len(found) == buckets
    assert (found[0].first.isoformat(), found[0].last.isoformat()) == oldest
    assert (found[-1].first.isoformat(), found[-1].last.isoformat()) == newest
    assert sum(bucket.value or 0 for bucket in found) == days


def test_days_that_are_not_known_are_gaps_and_zeros_are_not() -> None:
    rows = [(TODAY, 0, 0), (TODAY - timedelta(days=2), 5, 1), (TODAY - timedelta(days=3), None, None)]
    assert [(bucket.value, bucket.front) for bucket in bucket_days(rows)] == [
        (None, None),
        (5, 1),
        (None, None),
        (0, 0),
    ]


def test_a_level_has_a_mean_and_an_amount_a_sum() -> None:
    rows = [(TODAY - timedelta(days=back), back % 7, None) for back in range(200)]
    sums, means = bucket_days(rows), bucket_days(rows, is_level=True)
    assert [bucket.value for bucket in sums[1:-1]] == [21] * (len(sums) - 2)
    assert [bucket.value for bucket in means[1:-1]] == [3] * (len(means) - 2)


def test_a_range_without_values_is_one_gap() -> None:
    found = bucket_days([], first=TODAY - timedelta(days=6), last=TODAY)
    assert [bucket.value for bucket in found] == [None] * 7
    assert bucket_days([]) == ()
    assert bucket_days([], first=TODAY, last=TODAY - timedelta(days=1)) == ()


@given(st.lists(st.tuples(DATES, VALUES, st.none()), min_size=1, max_size=40), st.integers(1, MOST))
def test_no_day_is_lost_or_in_two_parts(rows: list[tuple[date, int | None, None]], most: int) -> None:
    found = bucket_days(rows, most=most)
    assert found[0].first == min(day for day, *_ in rows)
    assert found[-1].last == max(day for day, *_ in rows)
    assert len(found) <= most
    for one, after in pairwise(found):
        assert one.last + timedelta(days=1) == after.first
    assert sum(bucket.value or 0 for bucket in found) == sum(value or 0 for _, value, _ in rows)
