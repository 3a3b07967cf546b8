"""What the hits of a code are made up of: by placement, hour of the week, device, language, referring host, country.

Recent days are in the store, older ones in SQL alone (`codetags.services.breakdown_copies`); a reader joins both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

import orjson

from codetags import keys
from codetags.conf import app_settings
from codetags.models import DailyBreakdown, Placement
from codetags.types import Breakdown, Device, PlacementCount
from kv.process.threads import async_twin
from kv.sql.batches import in_batches
from kv.store.connection import call, call_many
from kv.store.replies import pairs

K = TypeVar("K")

#: The public sees no cell with fewer hits than this.
LEAST_PUBLIC = 5
_HOURS, _WEEKDAYS = 24, 7
_CHUNK = 500
#: Hits by field, as `keys.breakdown` has them.
Fields = dict[str, int]


def read_breakdown(code: str, *, since: date, until: date) -> Breakdown:
    """What the hits of a code from `since` to `until` are made up of, both days included.

    With CODETAGS_BREAKDOWNS off only the placements. Uses the database. Raises StoreUnavailable.
    """
    sums: Counter[str] = Counter()
    hours = [0] * (_WEEKDAYS * _HOURS)
    for day, fields in _each_day(code, since, until):
        for field, hits in fields.items():
            if field[0] == "h":
                hours[day.weekday() * _HOURS + int(field[1:])] += hits
            else:
                sums[field] += hits
    placements = _placements(code, _of_kind(sums, "@"))
    if not app_settings.CODETAGS_BREAKDOWNS:
        return Breakdown(placements, (0,) * len(hours), dict.fromkeys(Device, 0), {}, {}, {})
    return Breakdown(
        placements,
        tuple(hours),
        {device: sums[f"d{device}"] for device in Device},
        _of_kind(sums, "l"),
        _of_kind(sums, "r"),
        _of_kind(sums, "c"),
    )


aread_breakdown = async_twin(read_breakdown, uses_database=True)


def hide_small(breakdown: Breakdown) -> Breakdown:
    """The one way to show a breakdown to the public: without cells of fewer than LEAST_PUBLIC hits.

    Where cells are hidden they are two and LEAST_PUBLIC hits at least, as far as there are so many, since the total is
    known: the next larger ones are hidden with them. A hidden hour or device is None, the others are left out.
    """
    hours = dict(enumerate(breakdown.hours))
    hidden_hours, hidden_devices = _hidden(hours), _hidden(breakdown.devices)
    hidden_places = _hidden({one.at: one.count for one in breakdown.placements})
    return replace(
        breakdown,
        placements=tuple(one for one in breakdown.placements if one.at not in hidden_places and one.count),
        hours=tuple(None if hour in hidden_hours else hits for hour, hits in hours.items()),
        devices={device: None if device in hidden_devices else hits for device, hits in breakdown.devices.items()},
        languages=_shown(breakdown.languages),
        referrers=_shown(breakdown.referrers),
        countries=_shown(breakdown.countries),
    )


def list_placements(codes: Sequence[str], *, most: int | None = None) -> list[list[tuple[str, int]]]:
    """For each code its placements with hits of all time, the most first; the first `most` of them, None for all.

    A command for each code that has some. Raises StoreUnavailable.
    """
    found: dict[str, list[tuple[str, int]]] = {}
    if codes:
        numbers = call("HMGET", keys.registered_placements(), *codes)
        placed = [code for code, number in zip(codes, numbers, strict=True) if number is not None]
        last = -1 if most is None else most - 1
        commands = [("ZREVRANGE", keys.placements(code), 0, last, "WITHSCORES") for code in placed]
        for code, reply in zip(placed, call_many(commands) if commands else (), strict=True):
            found[code] = [(at.decode(), int(float(hits))) for at, hits in pairs(reply) if float(hits)]
    return [found.get(code, []) for code in codes]


def decoded_fields(reply: object) -> Fields:
    """The reply to HGETALL of a breakdown."""
    return {field.decode(): int(hits) for field, hits in pairs(reply)}


def _each_day(code: str, since: date, until: date) -> Iterator[tuple[date, Fields]]:
    """The days with hits, in any order: of each field the larger of what the store and SQL have."""
    rows = DailyBreakdown.objects.filter(code=code, date__gte=since, date__lte=until)
    copied: dict[date, Fields] = {day: orjson.loads(text) for day, text in rows.values_list("date", "fields")}
    counted = (date.fromisoformat(day.decode()) for day in call("HKEYS", keys.days(code)))
    live = [day for day in counted if since <= day <= until]
    for chunk in in_batches(live, _CHUNK):
        replies = call_many([("HGETALL", keys.breakdown(code, day.isoformat())) for day in chunk])
        for day, reply in zip(chunk, replies, strict=True):
            yield day, larger(decoded_fields(reply), copied.pop(day, {}))
    yield from copied.items()


def larger(one: Fields, other: Fields) -> Fields:
    """Of each field the larger number of hits."""
    return {field: max(one.get(field, 0), other.get(field, 0)) for field in one | other}


def _of_kind(sums: Counter[str], kind: str) -> dict[str, int]:
    """The values of one kind, the most hits first."""
    found = [(field[1:], hits) for field, hits in sums.items() if field[0] == kind]
    return dict(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def _placements(code: str, counted: dict[str, int]) -> tuple[PlacementCount, ...]:
    """Those with hits, the most first, then those of the registry without any, its aliases' among them."""
    aliases = Placement.objects.filter(code__counts_for__code=code).order_by("name", "pk")
    own = Placement.objects.filter(code__code=code)
    labels = {name: label for rows in (aliases, own) for name, label in rows.values_list("name", "label")}
    names = [*counted, *(name for name in labels if name not in counted)]
    return tuple(PlacementCount(at, labels.get(at, ""), counted.get(at, 0), at in labels) for at in names)


def _shown(counts: dict[str, int]) -> dict[str, int]:
    hidden = _hidden(counts)
    return {value: hits for value, hits in counts.items() if value not in hidden}


def _hidden(counts: Mapping[K, int | None]) -> set[K]:
    hidden: set[K] = set()
    hits = 0
    cells: Iterable[tuple[int, K]] = [(count, cell) for cell, count in counts.items() if count]
    for count, cell in sorted(cells, key=lambda pair: pair[0]):
        if count >= LEAST_PUBLIC and (not hidden or (len(hidden) > 1 and hits >= LEAST_PUBLIC)):
            break
        hidden.add(cell)
        hits += count
    return hidden
