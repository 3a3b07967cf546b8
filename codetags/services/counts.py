"""The counts of codes, for the staff: most hits first, in pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Q

from codetags import keys
from codetags.errors import BadCursor
from codetags.models import CodeTag
from codetags.services.campaign_slots import read_campaigns
from codetags.services.campaigns import get_campaign, rank_campaign
from codetags.services.column_format import slots_with
from codetags.services.columns import read_columns, read_days
from codetags.services.excluded_hits import ExcludedCalls, list_excluded_days, read_excluded
from codetags.services.rankings import FoundRanking, Ranked, Ranking, SlotRanking
from codetags.services.registry import registered_codes
from codetags.types import EARLIEST, CodeCounts, CodePage, DayCount, Excluded
from kv.days import local_day
from kv.process.threads import async_twin
from kv.sql.batches import in_batches
from kv.store.connection import call, call_many
from kv.store.replies import pairs
from kv.store.scripts import Script
from kv.times import local_from_ms

SPARK_DAYS = 30
_CHUNK = 1000
#: The most codes that a search in labels and notes finds.
_MOST_FOUND = 1000

find_offset_script = Script("codetags", "find_offset")


def list_codes(
    *,
    limit: int = 20,
    offset: int = 0,
    before: str | None = None,
    since: date | None = None,
    until: date | None = None,
    search: str = "",
    campaign: str = "",
    now: datetime | None = None,
) -> CodePage:
    """A page of codes, most hits first (then Z to A), each with its entry in the registry and its last 30 days.

    offset: codes to skip. before: instead of it, the `next` of the page before; it stays exact while counts change.
    since, until: count only the hits of these days, both included; codes without any are not listed.
    search: part of a code, label or note. campaign: only the codes of the campaign of this name; "" for all.
    Without days, search or campaign the cost does not depend on how many codes there are.
    Raises BadCursor, StoreUnavailable.
    """
    cursor = _read_cursor(before) if before else None
    if since is None and until is None and not search and not campaign:
        if cursor:
            offset = int(find_offset_script.read([keys.rank()], cursor))
        total, ranked = _ranked(offset, limit)
    else:
        ranking = _ranking(since, until, search, campaign, now)
        if cursor:
            offset = ranking.place(int(cursor[0]), cursor[1])
        total, ranked = len(ranking), ranking.page(offset, limit)
    excluded, excluded_in_all = read_excluded([one.code for one in ranked], since=since, until=until, now=now)
    codes = tuple(_described(ranked, excluded, _last_days(ranked, now)))
    more = offset + len(ranked) < total and bool(ranked)
    return CodePage(codes, total, f"{ranked[-1].hits}-{ranked[-1].code}" if more else None, excluded_in_all)


alist_codes = async_twin(list_codes, uses_database=True)


def list_ranked(ranking: Ranking, *, limit: int, now: datetime | None = None) -> tuple[CodeCounts, ...]:
    """The first codes of a ranking, with their calls that were not counted ever. Raises StoreUnavailable."""
    ranked = ranking.page(0, limit)
    excluded, _ = read_excluded([one.code for one in ranked], now=now)
    return tuple(_described(ranked, excluded, _last_days(ranked, now)))


def each_code(
    *,
    since: date | None = None,
    until: date | None = None,
    search: str = "",
    campaign: str = "",
    now: datetime | None = None,
) -> Iterator[CodeCounts]:
    """Every code that `list_codes` would list, in its order and read in chunks, without the last 30 days.

    Raises StoreUnavailable.
    """
    if since is None and until is None and not search and not campaign:
        ranked: Iterator[Ranked] = iter(_pairs(call("ZREVRANGE", keys.rank(), 0, -1, "WITHSCORES")))
    else:
        ranked = iter(_ranking(since, until, search, campaign, now).all())
    excluded = ExcludedCalls(since, until, now)
    for chunk in in_batches(ranked, _CHUNK):
        yield from _described(chunk, excluded.of([one.code for one in chunk]), [()] * len(chunk))


def get_code(code: str, *, now: datetime | None = None) -> CodeCounts | None:
    """One code's figures; None when neither the counts nor the registry know it. Raises StoreUnavailable."""
    score = call("ZSCORE", keys.rank(), code)
    if score is None and not registered_codes([code]):
        return None
    ranked = [Ranked(code, int(float(score or 0)))]
    excluded, _ = read_excluded([code], now=now)
    (found,) = _described(ranked, excluded, _last_days(ranked, now))
    return found


aget_code = async_twin(get_code, uses_database=True)


def known_labels(codes: Sequence[str]) -> dict[str, str]:
    """The labels of those of the codes that the counts or the registry know, "" for none. Raises StoreUnavailable."""
    known = registered_codes(codes)
    hits = call("ZMSCORE", keys.rank(), *codes) if codes else ()
    return {
        code: known[code].label if code in known else ""
        for code, score in zip(codes, hits, strict=True)
        if score is not None or code in known
    }


def list_days(code: str, *, since: date, until: date) -> tuple[DayCount, ...]:
    """One code's hits on each day from `since` to `until`, oldest first, from the store. Raises StoreUnavailable."""
    dates = [since + timedelta(days=step) for step in range((until - since).days + 1)]
    if not dates:
        return ()
    replies = call("HMGET", keys.days(code), *(day.isoformat() for day in dates))
    rows = zip(dates, replies, list_excluded_days(code, dates), strict=True)
    return tuple(DayCount(day, int(reply or 0), excluded) for day, reply, excluded in rows)


alist_days = async_twin(list_days)


def _described(
    ranked: Sequence[Ranked], excluded: Sequence[Excluded], last_days: Sequence[tuple[int, ...]]
) -> Iterator[CodeCounts]:
    """The codes with everything beside their counts."""
    if not ranked:
        return
    codes = [one.code for one in ranked]
    seen = call("ZMSCORE", keys.last_seen(), *codes)
    known = registered_codes(codes)
    for one, at, calls, spark in zip(ranked, seen, excluded, last_days, strict=True):
        registered = known.get(one.code)
        yield CodeCounts(
            code=one.code,
            label=registered.label if registered else "",
            count=one.hits,
            last_seen=local_from_ms(int(float(at))) if at is not None else None,
            last_30_days=spark,
            excluded=calls,
            registered=registered,
        )


def _last_days(ranked: Sequence[Ranked], now: datetime | None) -> list[tuple[int, ...]]:
    """The hits of each code on each of the last SPARK_DAYS."""
    today = local_day(now)
    days = [today - timedelta(days=back) for back in range(SPARK_DAYS - 1, -1, -1)]
    slots = [one.slot for one in ranked if one.slot is not None]
    if slots and len(slots) == len(ranked):
        return read_days(slots, days)
    fields = [day.isoformat() for day in days]
    rows = call_many([("HMGET", keys.days(one.code), *fields) for one in ranked]) if ranked else []
    return [tuple(int(hits or 0) for hits in row) for row in rows]


def _ranked(offset: int, limit: int) -> tuple[int, list[Ranked]]:
    total, reply = call_many(
        [("ZCARD", keys.rank()), ("ZREVRANGE", keys.rank(), offset, offset + limit - 1, "WITHSCORES")]
    )
    return int(total), _pairs(reply)


def _ranking(since: date | None, until: date | None, search: str, campaign: str, now: datetime | None) -> Ranking:
    """The codes that match."""
    chosen = get_campaign(campaign) if campaign else None
    if campaign and chosen is None:
        return FoundRanking(())
    if since is None and until is None:
        if chosen:
            return rank_campaign(chosen, search)
        return FoundRanking(Ranked(code, hits) for code, hits in _found_counts(search).items())
    today = local_day(now)
    ranking = SlotRanking(*read_columns(since or EARLIEST, min(until or today, today), today))
    if chosen:
        ranking = ranking.of_campaign(read_campaigns(ranking.names), chosen.pk)
    if not search:
        return ranking
    labelled = _labelled(search)
    slots = call("HMGET", keys.slots(), *labelled) if labelled else ()
    return ranking.only([*slots_with(ranking.names, search.upper()), *(int(slot) for slot in slots if slot)])


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
        found.update((ranked.code, ranked.hits) for ranked in _pairs(reply))
        if int(cursor) == 0:
            break
    return found


def _labelled(search: str) -> list[str]:
    rows = CodeTag.objects.filter(Q(label__icontains=search) | Q(note__icontains=search))
    return list(rows.values_list("code", flat=True)[:_MOST_FOUND])


def _pairs(reply: object) -> list[Ranked]:
    return [Ranked(code.decode(), int(float(score))) for code, score in pairs(reply)]


def _read_cursor(text: str) -> tuple[str, str]:
    count, _, code = text.partition("-")
    if not (count.isascii() and count.isdigit() and code) or len(count) > 16 or len(code) > 64:  # noqa: PLR2004 (2^53)
        raise BadCursor(text)
    return count, code
