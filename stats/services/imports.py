"""Import the figures of an older site. An import may be repeated."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, TextIO

import redis

from kv.store.numbers import LARGEST_WHOLE
from kv.store.scripts import Script
from kv.web.addresses import canonical_address, digest_hash
from stats import keys
from stats.conf import app_settings
from stats.errors import BadAdjustment, BadImport, TotalTooLarge
from stats.services.totals import total_key
from stats.services.visitors import Visitor, visitor_from_hash

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_BATCH = 200
_DAY_FIELDS = {"visitors": "visitors", "qr_total": "qr", "revenue_cents": "revenue"}

import_figure_script = Script("stats", "import_figure")
import_visitors_script = Script("stats", "import_visitors")


@dataclass(frozen=True, slots=True)
class ImportedVisitors:
    """How many of an older site's visitors were read, were new here, and could not be parsed."""

    read: int
    added: int
    unknown: int


@dataclass(frozen=True, slots=True)
class ImportedFigure:
    """By how much a figure grew (its own unit)."""

    figure: str
    added: int


@dataclass(frozen=True, slots=True)
class SkippedTool:
    """A figure that was not imported: a tool that STATS_TOOLS does not list."""

    figure: str


def import_visitors(
    members: Iterable[bytes], *, dry_run: bool, advance: Callable[[int], None] = lambda _: None
) -> ImportedVisitors:
    """Add the members of an older site's set: hex SHA-256 digests of addresses, or plain addresses.

    An IPv4 visitor who comes again is recognised. Raises StoreUnavailable. May be run again when interrupted.
    """
    read = added = unknown = 0
    batch: list[Visitor] = []
    for member in members:
        read += 1
        visitor = _older_visitor(member.decode("utf-8", "replace").strip())
        if visitor is None:
            unknown += 1
            continue
        batch.append(visitor)
        if len(batch) == _BATCH:
            added += _add_visitors(batch, dry_run=dry_run)
            advance(_BATCH)
            batch = []
    added += _add_visitors(batch, dry_run=dry_run)
    advance(len(batch))
    return ImportedVisitors(read, added, unknown)


def import_figure(
    *, source: str, figure: str, value: int, day: date | None = None, dry_run: bool = False
) -> ImportedFigure:
    """Add to a figure what the source has counted since the last import.

    source: the name of the import. The same name again adds only the difference.
    Raises BadImport for an unknown figure or an impossible value, TotalTooLarge, StoreUnavailable.
    """
    if value < 0 or value > LARGEST_WHOLE:
        raise BadImport(f"{figure}: {value} is not a count")
    try:
        key = total_key(figure.removesuffix(":beyond"))
    except BadAdjustment as error:
        raise BadImport(str(error)) from error
    tool = figure.removeprefix("usage:") if figure.startswith("usage:") else ""
    imported = keys.usage_imported() if tool else keys.imported()
    field = f"{source}:{day.isoformat()}:{figure}" if day else f"{source}:{figure}"
    day_key, day_field = imported, ""
    if day:
        day_key, day_field = (keys.usage_day(day), tool) if tool else (keys.day(day), _DAY_FIELDS[figure])
    reply = import_figure_script.run(
        [key, imported, day_key], [field, value, day_field, LARGEST_WHOLE, "1" if dry_run else "0"]
    )
    if reply[0] != b"ok":
        raise TotalTooLarge(figure)
    return ImportedFigure(figure, int(reply[1]))


def import_older_store(
    older: Any, *, source: str, dry_run: bool, advance: Callable[[int], None] = lambda _: None
) -> Iterator[ImportedVisitors | ImportedFigure | SkippedTool]:
    """Read `stats:*` and `usage:*` of an older site's Redis (a redis-py client) into this store.

    The visitors' total may be larger than the set of visitors (members lost, never kept, or not parsed): the rest is
    added as a number. A tool that is not in STATS_TOOLS is skipped; a later import adds it once it is listed.
    Raises BadImport, also when the older store fails meanwhile, TotalTooLarge, or StoreUnavailable for this store.
    """
    understood = 0
    for name in ("stats:visitors:ips", "stats:visitors_ips"):
        if _kind(older, name) == b"set":
            result = import_visitors(_members(older, name), dry_run=dry_run, advance=advance)
            understood += result.read - result.unknown
            yield result
    beyond = max(_number(older, "stats:visitors") - understood, 0)
    yield import_figure(source=source, figure="visitors:beyond", value=beyond, dry_run=dry_run)
    for name, figure in (("stats:qr_total", "qr_total"), ("stats:revenue", "revenue_cents")):
        yield import_figure(source=source, figure=figure, value=_number(older, name), dry_run=dry_run)
    for tool in _tools(older):
        if tool.removeprefix("usage:") in app_settings.STATS_TOOLS:
            yield import_figure(source=source, figure=tool, value=_number(older, tool), dry_run=dry_run)
        else:
            yield SkippedTool(tool)


def import_csv(file: TextIO, *, source: str, dry_run: bool) -> Iterator[ImportedFigure]:
    """Read rows `date,figure,value`; the whole file is checked before the first row is written.

    Raises BadImport with the line's number.
    """
    rows = list(_rows(file))
    for day, figure, value in rows:
        yield import_figure(source=source, figure=figure, value=value, day=day, dry_run=dry_run)


def _rows(file: TextIO) -> Iterator[tuple[date, str, int]]:
    reader = csv.DictReader(file)
    if reader.fieldnames is None or not {"date", "figure", "value"} <= set(reader.fieldnames):
        raise BadImport("line 1: the columns date,figure,value are required")
    seen: set[tuple[date, str]] = set()
    try:
        for row in reader:
            try:
                day, figure, value = date.fromisoformat(row["date"].strip()), row["figure"].strip(), int(row["value"])
                total_key(figure)
            except (ValueError, AttributeError, TypeError, BadAdjustment) as error:
                raise BadImport(f"line {reader.line_num}: {error}") from error
            if not 0 <= value <= LARGEST_WHOLE:
                raise BadImport(f"line {reader.line_num}: {value} is not a count")
            if (day, figure) in seen:
                raise BadImport(f"line {reader.line_num}: {figure} of {day} is here twice; add the two up")
            seen.add((day, figure))
            yield day, figure, value
    except csv.Error as error:
        raise BadImport(f"line {reader.line_num}: {error}") from error


def _older_visitor(text: str) -> Visitor | None:
    if _DIGEST.match(text.lower()):
        return visitor_from_hash(digest_hash(text.lower()))
    address = canonical_address(text)
    return visitor_from_hash(digest_hash(hashlib.sha256(address.encode()).hexdigest())) if address else None


def _add_visitors(batch: list[Visitor], *, dry_run: bool) -> int:
    if not batch:
        return 0
    shards = [keys.visitors_shard(visitor.shard) for visitor in batch]
    members = [visitor.member for visitor in batch]
    return int(import_visitors_script.run([keys.visitors(), *shards], ["1" if dry_run else "0", *members]))


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn an error of the older store into BadImport with the key, without its own message: it may hold an address."""
    try:
        yield
    except redis.RedisError as error:
        raise BadImport(f"the older store can't be read: {name} ({type(error).__name__})") from None


def _kind(older: Any, name: str) -> bytes:
    with _reading(name):
        return bytes(older.type(name))


def _members(older: Any, name: str) -> Iterator[bytes]:
    with _reading(name):
        yield from older.sscan_iter(name, count=1000)


def _tools(older: Any) -> list[str]:
    with _reading("usage:*"):
        names = sorted(older.scan_iter(match="usage:*", count=1000))
    tools = (name.decode("utf-8", "replace") for name in names)
    return [tool for tool in tools if _kind(older, tool) == b"string"]


def _number(older: Any, name: str) -> int:
    with _reading(name):
        value = older.get(name)
    if value is None:
        return 0
    try:
        return int(value)
    except ValueError:
        raise BadImport(f"{name} holds {value[:40]!r}, which is not a whole number (amounts are EUR cents)") from None
