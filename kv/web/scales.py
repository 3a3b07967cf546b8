"""The scale of a chart: ticks at round values, and an upper end that one huge value does not set for all others."""

from __future__ import annotations

import math
from collections.abc import Sequence

_MOST_STEPS = 4
_ROUND = (1, 2, 5, 10)
#: A value so many times as large as the next one below it is far from it.
_FAR = 4
#: The most bars that are cut off: one in ten, and one of a few.
_CUT_IN = 10
#: With fewer bars than this there is no "rest" that a huge value would flatten.
_FEWEST = 3


def ticks(top: float, *, is_whole: bool = True) -> tuple[float, ...]:
    """Round values from 0 up to the first one that is not below `top`: 2 to 5 of them, at equal distances.

    They are 1, 2 or 5 times a power of ten apart. is_whole: they are whole numbers, as counts are.
    """
    if top <= 0:
        return (0, 1)
    raw = top / _MOST_STEPS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in _ROUND if factor * power >= raw * (1 - 1e-9))
    if is_whole:
        # A float's powers of ten are exact up to 10^22, far over any count.
        step = max(round(step), 1)
    steps = max(math.ceil(top / step - 1e-9), 1)
    return tuple(step * number if is_whole else round(step * number, 12) for number in range(steps + 1))


def reach(values: Sequence[float]) -> float:
    """Up to where the scale of these values has to go: their largest, or less where a few are far above the rest."""
    known = sorted((value for value in values if value > 0), reverse=True)
    if len(known) < _FEWEST:
        return known[0] if known else 0
    most = max(len(known) // _CUT_IN, 1)
    cut = max((place for place in range(1, most + 1) if known[place - 1] >= _FAR * known[place]), default=0)
    return known[cut]
