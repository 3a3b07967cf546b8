"""The hits of campaigns: sums over the codes that belong to each of them now."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypedDict, Unpack

from django.db.models import Count, Q

from codetags import keys
from codetags.errors import BadCursor
from codetags.models import Campaign, CodeTag
from codetags.models.campaigns import name_key
from codetags.services.campaign_slots import read_campaigns
from codetags.services.campaigns import scores
from codetags.services.column_days import Group, sum_days
from codetags.services.column_format import code_at, free_slots, slots_in_series
from codetags.services.columns import read_all_time, read_columns
from codetags.types import EARLIEST, CampaignCounts, CampaignPage, RegisteredCampaign
from kv.days import local_day
from kv.store.connection import call
from kv.store.replies import pairs
from kv.times import local_from_ms

SPARK_DAYS = 30
#: The codes without a campaign are a row of their own. No campaign has this primary key.
NONE = 0
#: Codes of one campaign whose last hits are looked up; of larger ones the latest hits of all codes are walked through.
_LOOKED_UP = 5000
_WALKED = 5000
_LONGEST_CURSOR = 40


@dataclass(frozen=True, slots=True)
class _Read:
    """The hits, the campaign and the code of each slot.

    free: the slots that are nobody's. in_series: those whose daily series is read in the place of columns.
    """

    counts: Sequence[int]
    names: bytes
    campaigns: array[int]
    free: frozenset[int]
    in_series: frozenset[int]

    def group(self, slots: Sequence[int]) -> Group:
        """These slots, to be added up day by day."""
        if self.in_series.isdisjoint(slots):
            return Group(slots)
        own = [code_at(self.names, slot) for slot in slots if slot in self.in_series]
        return Group([slot for slot in slots if slot not in self.in_series], own)

    def slots_of(self, wanted: Collection[int]) -> dict[int, list[int]]:
        """The slots of each of these campaigns."""
        found: dict[int, list[int]] = {pk: [] for pk in wanted}
        for slot, campaign in enumerate(self.campaigns):
            if campaign in found and slot not in self.free:
                found[campaign].append(slot)
        return found


class Chosen(TypedDict, total=False):
    """Which campaigns, and which of their hits: arguments of `list_codes`, with its defaults."""

    since: date | None
    until: date | None
    search: str
    campaign: str
    now: datetime | None


def list_campaigns(
    *,
    limit: int = 20,
    offset: int = 0,
    before: str | None = None,
    **chosen: Unpack[Chosen],
) -> CampaignPage:
    """A page of campaigns, most hits first, those with as many newest first; codes without one are a row of their own.

    The arguments are those of `list_codes`; search: part of a name or note, which the codes without a campaign lack.
    Raises BadCursor, StoreUnavailable.
    """
    read, order = _ordered(**chosen)
    if before:
        cursor = _read_cursor(before)
        offset = sum(row <= cursor for row in order)
    shown = order[offset : offset + limit]
    rows = tuple(_described(read, shown, chosen.get("now")))
    more = offset + len(shown) < len(order) and bool(shown)
    return CampaignPage(rows, len(order), f"{-shown[-1][0]}-{-shown[-1][1]}" if more else None)


def each_campaign(**chosen: Unpack[Chosen]) -> Iterator[CampaignCounts]:
    """Every campaign that `list_campaigns` would list, in its order. Raises StoreUnavailable."""
    read, order = _ordered(**chosen)
    yield from _described(read, order, chosen.get("now"))


def _ordered(
    *,
    since: date | None = None,
    until: date | None = None,
    search: str = "",
    campaign: str = "",
    now: datetime | None = None,
) -> tuple[_Read, list[tuple[int, int]]]:
    """The hits, and which campaigns are listed in which order, as `_order` has it."""
    read = _read(since, until, now)
    return read, _order(read, search, campaign)


def _read(since: date | None, until: date | None, now: datetime | None) -> _Read:
    today = local_day(now)
    if since is None and until is None:
        counts, names = read_all_time(today)
    else:
        counts, names = read_columns(since or EARLIEST, min(until or today, today), today)
    return _Read(counts, names, read_campaigns(names), frozenset(free_slots(names)), frozenset(slots_in_series(names)))


def _order(read: _Read, search: str, campaign: str) -> list[tuple[int, int]]:
    """(-hits, -primary key) of the campaigns, in order."""
    sums: dict[int, int] = defaultdict(int)  # a Counter takes twice as long
    for pk, hits in zip(read.campaigns, read.counts, strict=True):
        sums[pk] += hits
    rows = Campaign.objects.order_by()
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(note__icontains=search))
    if campaign:
        rows = rows.filter(key=name_key(campaign.strip()))
    order = [(-sums[pk], -pk) for pk in rows.values_list("pk", flat=True)]
    if not search and not campaign and _codes_without():
        order.append((-sums[NONE], NONE))
    return sorted(order)


def _codes_without() -> int:
    """How many codes that are known have no campaign."""
    return max(int(call("ZCARD", keys.rank())) - CodeTag.objects.filter(campaign__isnull=False).count(), 0)


def _described(read: _Read, order: Sequence[tuple[int, int]], now: datetime | None) -> Iterator[CampaignCounts]:
    """The campaigns with everything beside their hits."""
    wanted = [-pk for _, pk in order]
    slots = read.slots_of(wanted)
    known = Campaign.objects.in_bulk([pk for pk in wanted if pk != NONE])
    rows = CodeTag.objects.filter(campaign__in=known).order_by().values_list("campaign").annotate(Count("pk"))
    codes = dict(rows)
    seen = _last_seen(read, slots)
    today = local_day(now)
    groups = [read.group(slots[pk]) for pk in wanted]
    last_days = sum_days(groups, today - timedelta(days=SPARK_DAYS - 1), today)
    for (hits, _), pk, sums in zip(order, wanted, last_days, strict=True):
        number = _codes_without() if pk == NONE else codes.get(pk, 0)
        yield CampaignCounts(registered_campaign(known.get(pk)), number, -hits, moment(seen.get(pk)), tuple(sums.days))


def registered_campaign(campaign: Campaign | None) -> RegisteredCampaign | None:
    """What the registry says of it; None for the codes without one."""
    if campaign is None:
        return None
    return RegisteredCampaign(
        campaign.pk, campaign.name, campaign.note, campaign.start, campaign.end, campaign.cost_cents
    )


def moment(at: int | None) -> datetime | None:
    """A time in ms since 1970; None for none."""
    return None if at is None else local_from_ms(at)


def _last_seen(read: _Read, slots: dict[int, list[int]]) -> dict[int, int]:
    """When each of these campaigns was last hit, ms since 1970."""
    found: dict[int, int] = {}
    few = [(pk, slot) for pk, own in slots.items() if len(own) <= _LOOKED_UP for slot in own]
    times = scores(keys.last_seen(), [code_at(read.names, slot) for _, slot in few])
    for (pk, _), at in zip(few, times, strict=True):
        if at is not None:
            found[pk] = max(found.get(pk, 0), int(float(at)))
    large = {pk for pk, own in slots.items() if len(own) > _LOOKED_UP}
    return found | latest_hits(large, read.campaigns)


def latest_hits(wanted: Collection[int], campaigns: Sequence[int]) -> dict[int, int]:
    """When each of these campaigns was last hit: by walking through the latest hits of all codes, for large ones.

    campaigns: that of each slot. Raises StoreUnavailable.
    """
    found: dict[int, int] = {}
    left = set(wanted)
    start = 0
    while left and (reply := pairs(_latest(start))):
        places = call("HMGET", keys.slots(), *(code for code, _ in reply))
        for (_, at), place in zip(reply, places, strict=True):
            campaign = campaigns[int(place)] if place and int(place) < len(campaigns) else None
            if campaign in left:
                found[campaign] = int(float(at))
                left.discard(campaign)
        start += _WALKED
    return found


def _latest(start: int) -> object:
    return call("ZREVRANGE", keys.last_seen(), start, start + _WALKED - 1, "WITHSCORES")


def _read_cursor(text: str) -> tuple[int, int]:
    hits, _, pk = text.partition("-")
    if not (text.isascii() and hits.isdigit() and pk.isdigit()) or len(text) > _LONGEST_CURSOR:
        raise BadCursor(text)
    return -int(hits), -int(pk)
