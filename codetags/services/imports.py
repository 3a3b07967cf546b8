"""Import the counts of an older site, from its `qr:count:*` keys or a CSV file. An import may be repeated."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TextIO

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from codetags import keys
from codetags.errors import BadImport, MalformedCode
from codetags.services.codes import parse_code
from codetags.types import Imported
from kv.store.numbers import LARGEST_WHOLE
from kv.store.scripts import Script

_OLD_PREFIX = "qr:count:"
_TIMEOUT_SECONDS = 10
_LONGEST_NUMBER = 32

import_hits_script = Script("codetags", "import_hits")


@dataclass(frozen=True, slots=True)
class OldCount:
    """Hits that an older site has counted under a name. day: None when it is not known."""

    name: str
    day: date | None
    hits: int


def import_hits(source: str, counts: Iterable[OldCount], *, dry_run: bool = False) -> Imported:
    """Add the hits to the live counts. Of a source that is read again, only what it has counted since is added.

    source: the name of the older site; the same codes of another source are added too.
    dry_run: write nothing, return what would be added.
    Each name and day may be there only once: of two values the larger is taken, not their sum.
    Raises BadImport or StoreUnavailable, or ValueError for hits that are not a number. What was imported before the
    error stays, and is not imported again.
    """
    codes: set[str] = set()
    skipped: list[str] = []
    hits = 0
    for old in counts:
        if type(old.hits) is not int or not 0 <= old.hits <= LARGEST_WHOLE:
            raise ValueError(f"hits: a whole number, 0 to {LARGEST_WHOLE}, is required, not {old.hits!r}")
        try:
            code = parse_code(old.name)
        except MalformedCode:
            skipped.append(old.name)
            continue
        day = _field_of(old.day)
        names = [
            keys.imported(),
            keys.count(code),
            keys.days(code),
            keys.rank(),
            keys.registry(),
            keys.unknown(),
            keys.slots(),
            keys.names(),
            *keys.columns_of(day),
        ]
        field = f"{source}\t{old.name} {day}"
        hits += int(import_hits_script.run(names, [field, code, day, old.hits, "1" if dry_run else ""]))
        codes.add(code)
    return Imported(len(codes), hits, tuple(skipped))


def read_older_store(url: str) -> Iterator[OldCount]:
    """Every `qr:count:*` of an older site's Redis. Raises BadImport, without the address in its message."""
    reading = "its address"
    try:
        client: Any = redis.Redis.from_url(
            url, retry=Retry(NoBackoff(), 0), socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
        )
        reading = "its keys"
        for key in client.scan_iter(f"{_OLD_PREFIX}*", count=1000):
            reading = bytes(key).decode("utf-8", "replace")
            value = client.get(key)
            if value is not None:
                name = reading.removeprefix(_OLD_PREFIX)
                yield OldCount(name, None, _number(bytes(value).decode("utf-8", "replace"), reading))
    except (redis.RedisError, OSError, ValueError) as error:
        # The message of the error may repeat the address, and of a mistyped one a part of the password.
        raise BadImport(f"the older store can't be read: {reading} ({type(error).__name__})") from None


def read_csv(path: Path) -> Iterator[OldCount]:
    """A CSV file with the header `code,count` or `code,date,count`. All of it is checked before the first row.

    Raises BadImport, which names the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as text:
            counts = list(_rows(text, path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadImport(f"{path} can't be read: {error}") from error
    yield from counts


def _rows(text: TextIO, path: Path) -> Iterator[OldCount]:
    rows = csv.DictReader(text)
    if not {"code", "count"} <= set(rows.fieldnames or ()):
        raise BadImport(f"{path}: the first line must name the columns code and count (and date, if there is one)")
    seen: set[tuple[str, str]] = set()
    for row in rows:
        where = f"{path}, line {rows.line_num}"
        old = _row(row, where)
        entry = (old.name, _field_of(old.day))
        if entry in seen:
            of_day = f" of {old.day}" if old.day else ""
            raise BadImport(f"{where}: {old.name[:40]}{of_day} is here twice; add the two up")
        seen.add(entry)
        yield old


def _field_of(day: date | None) -> str:
    return day.isoformat() if day else keys.UNDATED


def _row(row: dict[str, str], where: str) -> OldCount:
    written = (row.get("date") or "").strip()
    try:
        day = date.fromisoformat(written) if written else None
    except ValueError as error:
        raise BadImport(f"{where}: {written!r} is not a date such as 2026-05-31") from error
    return OldCount((row["code"] or "").strip(), day, _number(row["count"] or "", where))


def _number(text: str, where: str) -> int:
    digits = text.strip()
    # The length first: Python refuses to parse thousands of digits.
    if not digits.isascii() or not digits.isdecimal() or len(digits) > _LONGEST_NUMBER or int(digits) > LARGEST_WHOLE:
        raise BadImport(f"{where}: {text[:40]!r} is not a count")
    return int(digits)
