"""The counts of codes, for the staff: most hits first, in pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Q, Sum

from codetags import keys
from codetags.errors import BadCursor
from codetags.models import CodeTag, DailyHits
from codetags.services.excluded_hits import list_excluded, list_excluded_days
from codetags.services.registry import registered_codes
from codetags.services.rollup import rolled_until
from codetags.types import EARLIEST, CodeCounts, CodePage, DayCount
from kv.days import day_start, local_day
from kv.store.connection import call, call_many
from kv.store.replies import pairs
from kv.store.scripts import Script
from kv.threads import async_twin
from kv.times import local_from_ms, to_ms

SPARK_DAYS = 30
_CHUNK = 500
#: The most codes that a search in labels and notes finds.
_MOST_FOUND = 1000
#: For more days than this the whole series is read, not single days.
_LONG_SPAN = 400

find_offset_script = Script("codetags", "find_offset")
Ranking = Sequence[tuple[str, int]]


def list_codes(
    *,
    limit: int = 20,
    offset: int = 0,
    before: str | None = None,
    since: date | None = None,
    until: date | None = None,
    search: str = "",
    now: datetime | None = None,
) -> CodePage:
    """A page of codes, most hits first (then Z to A), each with its entry in the registry and its last 30 days.

    offset: codes to skip. before: instead of it, the `next` of the page before; it stays exact while counts change.
    since, until: count only the hits of these days, both included; codes without any are not listed.
    search: part of a code, label or note.
    Without days or search the cost does not depend on how many codes there are. Raises BadCursor, StoreUnavailable.
    """
    cursor = _read_cursor(before) if before else None
    if since is None and until is None and not search:
        if cursor:
            offset = int(find_offset_script.read([keys.rank()], cursor))
        total, ranked = _ranked(offset, limit)
    else:
        ranking = _ranking(since, until, search, now)
        if cursor:
            offset = sum((count, code) >= (int(cursor[0]), cursor[1]) for code, count in ranking)
        total, ranked = len(ranking), ranking[offset : offset + limit]
    codes = describe_codes(ranked, since=since, until=until, now=now)
    more = offset + len(ranked) < total and bool(ranked)
    return CodePage(codes, total, f"{ranked[-1][1]}-{ranked[-1][0]}" if more else None)


alist_codes = async_twin(list_codes, uses_database=True)


def each_code(
    *, since: date | None = None, until: date | None = None, search: str = "", now: datetime | None = None
) -> Iterator[CodeCounts]:
    """Every code that `list_codes` would list, in its order, read in chunks. Raises StoreUnavailable."""
    if since is None and until is None and not search:
        reply = call("ZREVRANGE", keys.rank(), 0, -1, "WITHSCORES")
        ranking: Ranking = _pairs(reply)
    else:
        ranking = _ranking(since, until, search, now)
    for start in range(0, len(ranking), _CHUNK):
        yield from describe_codes(ranking[start : start + _CHUNK], since=since, until=until, now=now)


def get_code(code: str, *, now: datetime | None = None) -> CodeCounts | None:
    """One code's figures; None when neither the counts nor the registry know it. Raises StoreUnavailable."""
    score = call("ZSCORE", keys.rank(), code)
    if score is None and not registered_codes([code]):
        return None
    (found,) = describe_codes([(code, int(float(score or 0)))], now=now)
    return found


aget_code = async_twin(get_code, uses_database=True)


def list_days(code: str, *, since: date, until: date) -> tuple[DayCount, ...]:
    """One code's hits on each day from `since` to `until`, oldest first, from the store. Raises StoreUnavailable."""
    dates = [since + timedelta(days=step) for step in range((until - since).days + 1)]
    replies = call("HMGET", keys.days(code), *(day.isoformat() for day in dates))
    rows = zip(dates, replies, list_excluded_days(code, dates), strict=True)
    return tuple(DayCount(day, int(reply or 0), excluded) for day, reply, excluded in rows)


alist_days = async_twin(list_days)


def describe_codes(
    ranked: Ranking, *, since: date | None = None, until: date | None = None, now: datetime | None = None
) -> tuple[CodeCounts, ...]:
    """The codes with everything beside their counts: two round trips and one query for all of them.

    since, until: the days of the excluded calls, which are kept for EXCLUDED_DAYS.
    """
    if not ranked:
        return ()
    codes = [code for code, _ in ranked]
    today = local_day(now)
    days = [(today - timedelta(days=back)).isoformat() for back in range(SPARK_DAYS - 1, -1, -1)]
    seen, *series = call_many(
        [
            ("ZMSCORE", keys.last_seen(), *codes),
            *(("HMGET", keys.days(code), *days) for code in codes),
        ]
    )
    excluded_calls = list_excluded(codes, since=since, until=until, now=now)
    known = registered_codes(codes)
    return tuple(
        CodeCounts(
            code=code,
            label=known[code].label if code in known else "",
            count=count,
            last_seen=local_from_ms(int(float(at))) if at is not None else None,
            last_30_days=tuple(int(value or 0) for value in spark),
            excluded=excluded,
            registered=known.get(code),
        )
        for (code, count), at, excluded, spark in zip(ranked, seen, excluded_calls, series, strict=True)
    )


def _ranked(offset: int, limit: int) -> tuple[int, Ranking]:
    total, reply = call_many(
        [("ZCARD", keys.rank()), ("ZREVRANGE", keys.rank(), offset, offset + limit - 1, "WITHSCORES")]
    )
    return int(total), _pairs(reply)


def _ranking(since: date | None, until: date | None, search: str, now: datetime | None) -> Ranking:
    """Every code that matches, in order."""
    if since is None and until is None:
        counts = _found_counts(search)
    else:
        counts = _counts_of_days(max(since or EARLIEST, EARLIEST), until or date.max, now)
        if search:
            wanted = _labelled(search)
            term = search.upper()
            counts = {code: count for code, count in counts.items() if term in code or code in wanted}
    return sorted(counts.items(), key=lambda pair: (pair[1], pair[0]), reverse=True)


def _counts_of_days(since: date, until: date, now: datetime | None) -> dict[str, int]:
    """Hits by code: from SQL for the days that it has completely, from the store for the others (at least today)."""
    rolled = rolled_until()
    live_from = min(local_day(rolled) if rolled else EARLIEST, local_day(now))
    rows = (
        DailyHits.objects.filter(date__gte=since, date__lte=until, date__lt=live_from)
        .values_list("code")
        .annotate(hits=Sum("count"))
    )
    counts = dict(rows.iterator()) if rolled else {}
    if until >= live_from:
        first = max(since, live_from)
        for code, hits in _live_counts(first, until, now).items():
            counts[code] = counts.get(code, 0) + hits
    return {code: hits for code, hits in counts.items() if hits}


def _live_counts(first: date, until: date, now: datetime | None) -> dict[str, int]:
    """Hits from `first` to `until` by code, from the daily series of the codes with hits since `first`."""
    lowest = "-inf" if first == EARLIEST else to_ms(day_start(first))
    codes = [code.decode() for code in call("ZRANGEBYSCORE", keys.last_seen(), lowest, "+inf")]
    last = min(until, local_day(now))
    span = (last - first).days + 1
    counts: dict[str, int] = {}
    for start in range(0, len(codes), _CHUNK):
        chunk = codes[start : start + _CHUNK]
        counts.update(zip(chunk, _sums(chunk, first, last, span), strict=True))
    return counts


def _sums(codes: list[str], first: date, last: date, span: int) -> list[int]:
    if span > _LONG_SPAN:
        whole = call_many([("HGETALL", keys.days(code)) for code in codes])
        low, high = first.isoformat(), last.isoformat()
        return [sum(int(hits) for day, hits in pairs(days) if low <= day.decode() <= high) for days in whole]
    days = [(first + timedelta(days=step)).isoformat() for step in range(max(span, 0))]
    if not days:
        return [0] * len(codes)
    return [sum(int(hits or 0) for hits in row) for row in call_many([("HMGET", keys.days(c), *days) for c in codes])]


def _found_counts(search: str) -> dict[str, int]:
    """Total hits by code, of codes with the text in code, label or note."""
    wanted = _labelled(search)
    found: dict[str, int] = {}
    if wanted:
        scores = call("ZMSCORE", keys.rank(), *wanted)
        found = {code: int(float(score or 0)) for code, score in zip(wanted, scores, strict=True)}
    term = search.upper()
    cursor = b"0"
    while term.isascii():
        escaped = "".join(f"\\{sign}" if sign in "*?[]\\^" else sign for sign in term)
        cursor, reply = call("ZSCAN", keys.rank(), cursor, "MATCH", f"*{escaped}*", "COUNT", 5000)
        found.update(_pairs(reply))
        if int(cursor) == 0:
            break
    return found


def _labelled(search: str) -> list[str]:
    rows = CodeTag.objects.filter(Q(label__icontains=search) | Q(note__icontains=search))
    return list(rows.values_list("code", flat=True)[:_MOST_FOUND])


def _pairs(reply: object) -> list[tuple[str, int]]:
    return [(code.decode(), int(float(score))) for code, score in pairs(reply)]


def _read_cursor(text: str) -> tuple[str, str]:
    count, _, code = text.partition("-")
    if not (count.isascii() and count.isdigit() and code) or len(count) > 16 or len(code) > 64:  # noqa: PLR2004 (2^53)
        raise BadCursor(text)
    return count, code
