"""The daily series, uniques over several days, and the busiest address, for the staff."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from kv.days import local_day
from kv.process.threads import async_twin
from kv.store.connection import call_many
from stats import keys
from stats.types import BusiestAddress, Day, Uniques

#: One visit in so many takes part in the day's majority vote for the busiest address.
VOTE_EVERY = 8


def list_days(*, days: int = 90, until: date | None = None, now: datetime | None = None) -> tuple[Day, ...]:
    """The `days` days up to `until` (None: today), oldest first. Two round trips. Raises StoreUnavailable."""
    today = local_day(now)
    last = until or today
    dates = [last - timedelta(days=back) for back in range(days - 1, -1, -1)]
    counts = call_many([("HGETALL", keys.day(when)) for when in dates])
    tools = call_many([("HGETALL", keys.usage_day(when)) for when in dates])
    return tuple(_day(*row, today) for row in zip(dates, counts, tools, strict=True))


alist_days = async_twin(list_days)


def count_uniques(*, now: datetime | None = None) -> Uniques:
    """Different visitors of the last 1, 7 and 30 days, each counted once in a span. One round trip.

    Raises StoreUnavailable.
    """
    today = local_day(now)
    spans = [[keys.day_uniques(today - timedelta(days=back)) for back in range(span)] for span in (1, 7, 30)]
    return Uniques(*call_many([("PFCOUNT", *span) for span in spans]))


acount_uniques = async_twin(count_uniques)


def busiest_address(*, now: datetime | None = None) -> BusiestAddress:
    """The largest share of today's visits that one address can have made, from the day's majority vote.

    With a share p the leader ends about (2p - 1) of the votes ahead, so p = (1 + lead / votes) / 2.
    Raises StoreUnavailable.
    """
    (reply,) = call_many([("HMGET", keys.day(local_day(now)), "visits", "lead")])
    visits, lead = int(reply[0] or 0), int(reply[1] or 0)
    votes = -(-visits // VOTE_EVERY)
    return BusiestAddress(visits, (1 + lead / votes) / 2 if votes else 0.0)


def _day(when: date, counts: dict[bytes, bytes], tools: dict[bytes, bytes], today: date) -> Day:
    def number(name: bytes) -> int:
        return int(counts.get(name, 0))

    excluded = {name[4:].decode(): int(value) for name, value in counts.items() if name.startswith(b"out:")}
    seen = number(b"visits") - number(b"visitors")
    if seen > 0:
        excluded["seen"] = seen
    by_tool: dict[str, Any] = {tool.decode(): int(value) for tool, value in tools.items()}
    figures = (number(b"visits"), number(b"visitors"), number(b"qr"), number(b"revenue"))
    return Day(when, *figures, excluded, by_tool, is_known=bool(counts or tools) or when >= today)
