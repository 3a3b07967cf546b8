"""How long to wait behind a failure, with jitter: many events and many sites do not come back in the same second."""

from __future__ import annotations

import random
from datetime import timedelta

#: Seconds before each further try of an event: about two days in all. After the last one it is parked.
SCHEDULE = (5, 60, 300, 1800, 2 * 3600, 5 * 3600, 8 * 3600, 12 * 3600, 12 * 3600, 12 * 3600)
TRIES = len(SCHEDULE) + 1
#: The first and the longest pause of a receiver that fails, seconds.
_FIRST, _LONGEST = 5.0, 300.0


def next_try(attempts: int) -> timedelta | None:
    """The wait behind so many failed tries of an event, up to a fifth longer; None: it has had its tries."""
    if attempts >= TRIES:
        return None
    return timedelta(seconds=SCHEDULE[attempts - 1] * _between(1.0, 1.2))


def pause(failures: int) -> timedelta:
    """The pause of a receiver behind so many failures in a row: 5 s, doubled up to 300 s, of which half is jitter."""
    return timedelta(seconds=jitter(doubled(failures, first=_FIRST, longest=_LONGEST)))


def doubled(failures: int, *, first: float, longest: float) -> float:
    """`first` seconds behind the first failure, twice as long behind each further one, `longest` at most."""
    return min(first * 2.0 ** min(failures - 1, 20), longest)


def jitter(seconds: float) -> float:
    """Half of it at random."""
    return seconds * _between(0.5, 1.0)


def _between(low: float, high: float) -> float:
    return random.uniform(low, high)  # noqa: S311 (no secret)
