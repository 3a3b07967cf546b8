"""How long a balance lasts at the pace of the last days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from kv.days import local_day
from usertokens.types import Grant

#: Days whose spending makes the pace, today not among them: it is not over.
PACE_DAYS = 30
#: With fewer days since the first transaction, or fewer of them with spending, nothing is said.
FEWEST_DAYS, FEWEST_ACTIVE = 7, 3
#: Nothing is said about a day further ahead.
FURTHEST_DAYS = 366
_ROUNDING = 1e-9


def daily_pace(spent: Sequence[int | None]) -> float:
    """Tokens a day, from the spending of the last days, oldest first, without today; None before the journal begins.

    0.0 where there is too little to go by.
    """
    known = [tokens for tokens in spent[-PACE_DAYS:] if tokens is not None]
    active = sum(1 for tokens in known if tokens > 0)
    if len(known) < FEWEST_DAYS or active < FEWEST_ACTIVE:
        return 0.0
    return sum(known) / len(known)


def lasts_until(grants: Sequence[Grant], pace: float, today: date) -> date | None:
    """The last day for which these grants are enough at so many tokens a day, spent in their order until they expire.

    Without what comes later. None where nothing can be said: no pace, no tokens, or a day over a year ahead.
    """
    if pace <= 0 or not grants:
        return None
    left = [float(grant.left) for grant in grants]
    last_days = [_last_day(grant.expires_at) for grant in grants]
    for ahead in range(FURTHEST_DAYS + 1):
        day, need = today + timedelta(days=ahead), pace
        for place, last_day in enumerate(last_days):
            if day <= last_day:
                taken = min(left[place], need)
                left[place] -= taken
                need -= taken
        if need > _ROUNDING:
            return max(day - timedelta(days=1), today)
    return None


def _last_day(expires_at: datetime | None) -> date:
    return local_day(expires_at - timedelta(microseconds=1)) if expires_at else date.max
