"""The scale of a chart: round ticks, and an upper end that a huge value does not set for all others."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kv.web.scales import reach, ticks


@pytest.mark.parametrize(
    ("top", "marks"),
    [
        (0, (0, 1)),
        (1, (0, 1)),
        (3, (0, 1, 2, 3)),
        (7, (0, 2, 4, 6, 8)),
        (12, (0, 5, 10, 15)),
        (34, (0, 10, 20, 30, 40)),
        (99, (0, 50, 100)),
        (149, (0, 50, 100, 150)),
        (10**12, (0, 5 * 10**11, 10**12)),
    ],
)
def test_ticks_stand_at_round_values(top: int, marks: tuple[int, ...]) -> None:
    assert ticks(top) == marks


@given(st.floats(0.001, 2.0**53), st.booleans())
def test_ticks_reach_over_the_top(top: float, is_whole: bool) -> None:
    marks = ticks(top, is_whole=is_whole)
    assert 2 <= len(marks) <= 6
    assert marks[0] == 0
    assert marks[-1] >= top * (1 - 1e-9)
    steps = [after - before for before, after in pairwise(marks)]
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert f"{steps[0]:e}"[0] in "125"
    if is_whole:
        assert all(mark == int(mark) for mark in marks)


@pytest.mark.parametrize(
    ("values", "top"),
    [
        ([], 0),
        ([0, 0, 0], 0),
        ([5], 5),
        ([5, 10_000], 10_000),  # no "rest" to speak of
        ([3, 3, 10_000], 3),
        ([5] * 30 + [10_000], 5),
        ([5] * 30 + [10_000, 50, 9_000], 5),
        ([1, 2, 3, 4, 5, 6], 6),
        ([10, 20, 30, 60, 100], 100),  # a steep rise, but no jump
        ([1] * 5 + [100] * 5, 100),  # not a few, but half of them
        ([0] * 80 + [3, 4, 3, 5_000], 4),
    ],
)
def test_a_few_huge_values_do_not_set_the_scale(values: list[int], top: int) -> None:
    assert reach(values) == top


@given(st.lists(st.integers(0, 2**53), max_size=120))
def test_few_are_cut_off_and_only_for_a_reason(values: list[int]) -> None:
    top = reach(values)
    cut = [value for value in values if value > top]
    positive = sum(1 for value in values if value > 0)
    assert len(cut) <= max(positive // 10, 1)
    assert top in [0, *values]
    if cut:
        assert min(cut) >= 4 * top
