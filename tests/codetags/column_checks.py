"""What lists with a range of days tell, held against the daily series that the store has."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from django.test import override_settings

from codetags import keys
from codetags.services.counts import each_code, list_codes
from codetags.services.hits import record_hit
from kv.days import local_day
from kv.store.connection import call, call_many
from kv.store.replies import pairs
from kv.times import to_ms

EARLIEST = date(1970, 1, 1)
_visitors = iter(range(1, 2**24))


def hit(code: str, moment: datetime) -> None:
    visitor = next(_visitors)
    with override_settings(CODETAGS_MAX_UNKNOWN=0 if code == keys.OTHER else 100):
        name = "ZZZZ" if code == keys.OTHER else code
        record_hit(code=name, address=f"10.{visitor >> 16}.{visitor >> 8 & 255}.{visitor & 255}", agent="M", now=moment)


def old_hit(code: str, moment: datetime) -> None:
    """What version 0.2 does."""
    day = local_day(moment).isoformat()
    total = call("INCR", keys.count(code))
    call_many(
        [
            ("HINCRBY", keys.days(code), day, 1),
            ("ZADD", keys.rank(), total, code),
            ("ZADD", keys.last_seen(), "GT", to_ms(moment), code),
        ]
    )


def series() -> dict[str, Counter[str]]:
    """Every code's hits by day, as the store has them."""
    codes = [code.decode() for code in call("ZRANGE", keys.rank(), 0, -1)]
    rows = call_many([("HGETALL", keys.days(code)) for code in codes]) if codes else []
    return {
        code: Counter({day.decode(): int(hits) for day, hits in pairs(row)})
        for code, row in zip(codes, rows, strict=True)
    }


def expected(since: date | None, until: date | None, search: str = "") -> list[tuple[int, str]]:
    last = min(until or local_day(), local_day())
    low, high = (since or EARLIEST).isoformat(), last.isoformat()
    sums = {code: sum(n for day, n in days.items() if low <= day <= high) for code, days in series().items()}
    return sorted(((hits, code) for code, hits in sums.items() if hits and search in code), reverse=True)


def check(since: date | None, until: date | None, search: str = "") -> None:
    """The list, its pages, its cursors and the file are as the series say."""
    wanted = expected(since, until, search)
    days: dict[str, Any] = {"since": since, "until": until, "search": search}
    page = list_codes(limit=100, **days)
    assert [(code.count, code.code) for code in page.codes] == wanted
    assert (page.total, page.next) == (len(wanted), None)
    today = local_day()
    spark = [(today - timedelta(days=back)).isoformat() for back in range(29, -1, -1)]
    own = series()
    assert [code.last_30_days for code in page.codes] == [tuple(own[code][day] for day in spark) for _, code in wanted]
    assert [(code.count, code.code) for code in each_code(**days)] == wanted
    seen: list[tuple[int, str]] = []
    before = None
    while len(seen) < len(wanted):
        page = list_codes(limit=2, before=before, **days)
        assert page == list_codes(limit=2, offset=len(seen), **days)
        seen += [(code.count, code.code) for code in page.codes]
        before = page.next
    assert seen == wanted


def check_ranges() -> None:
    today = local_day()
    month = today.replace(day=1)
    ranges = [
        (today, today),
        (today - timedelta(days=1), None),
        (today - timedelta(days=35), today - timedelta(days=1)),
        (month - timedelta(days=70), month - timedelta(days=1)),
        (None, today - timedelta(days=33)),
        (EARLIEST, EARLIEST),
        (EARLIEST + timedelta(days=1), None),
    ]
    for since, until in ranges:
        check(since, until)
