"""How long a balance lasts: the pace of the last days, and the grants in their order until they expire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usertokens.services.pace import FURTHEST_DAYS, daily_pace, lasts_until
from usertokens.types import Grant

TODAY = date(2026, 11, 29)


def grant(left: int, days: int | None = None) -> Grant:
    """A grant that is good through the day so many days ahead; None: for ever."""
    ends = None if days is None else datetime(2026, 11, 30, tzinfo=UTC) + timedelta(days=days)
    return Grant(1, left, left, 50, ends, "given")


@pytest.mark.parametrize(
    ("spent", "pace"),
    [
        ([], 0),
        ([None] * 30, 0),
        ([None] * 24 + [5] * 6, 0),  # six days are too few
        ([None] * 23 + [5] * 7, 5),
        ([0] * 28 + [40, 50], 0),  # twice in a month is no pace
        ([0] * 27 + [30, 30, 30], 3),
        ([0] * 30, 0),
        ([9] * 30 + [0] * 27 + [10, 10, 10], 1),  # what is longer ago does not count
    ],
)
def test_pace(spent: list[int | None], pace: float) -> None:
    assert daily_pace(spent) == pytest.approx(pace)


@pytest.mark.parametrize(
    ("grants", "pace", "days"),
    [
        ([grant(100)], 10, 9),  # today is the first day
        ([grant(100)], 0, None),
        ([], 10, None),
        ([grant(5)], 10, 0),
        ([grant(100, 2)], 10, 2),  # three days of ten, then the rest expires
        ([grant(100, 2), grant(100)], 10, 12),
        ([grant(10, 30), grant(100)], 20, 4),
        ([grant(10**12)], 1, None),  # over a year
        ([grant(366)], 1, 365),
        ([grant(15)], 2.5, 5),
    ],
)
def test_lasts_until(grants: list[Grant], pace: float, days: int | None) -> None:
    assert lasts_until(grants, pace, TODAY) == (None if days is None else TODAY + timedelta(days=days))


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.none() | st.integers(-3, 400)), max_size=6),
    st.floats(0.01, 10**4),
)
def test_more_tokens_never_last_shorter(rows: list[tuple[int, int | None]], pace: float) -> None:
    grants = [grant(*row) for row in rows]
    until = lasts_until(grants, pace, TODAY)
    longer = lasts_until([*grants, grant(1000)], pace, TODAY)
    if until is not None:
        assert TODAY <= until <= TODAY + timedelta(days=FURTHEST_DAYS)
        assert longer is None or longer >= until
