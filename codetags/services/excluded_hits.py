"""Calls that were not counted, by reason, code and day.

They are only in the store, not in SQL. A day expires after EXCLUDED_DAYS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from codetags import keys
from codetags.types import Excluded, Reason
from kv.days import local_day
from kv.process.threads import async_twin
from kv.sql.batches import in_batches
from kv.store.connection import call, call_many
from kv.store.replies import pairs
from kv.store.scripts import Script
from kv.store.steps import Step, Steps, drive

_CHUNK = 1000
#: Fields that one step of a walk through all of them reads.
_WALKED = 5000
REASONS = tuple(Reason)
#: The reasons that are counted for each code.
CODE_REASONS = tuple(reason for reason in Reason if reason is not Reason.UNREADABLE)

exclude_hit_script = Script("codetags", "exclude_hit")
forget_excluded_script = Script("codetags", "forget_excluded")
forget_all_excluded_script = Script("codetags", "forget_all_excluded")
read_excluded_script = Script("codetags", "read_excluded")


def exclude_hit(*, code: str = "", reason: Reason, now: datetime | None = None) -> None:
    """Count an excluded call, under its reason. One round trip.

    code: well-formed; "" when the link has no readable code. A code that is neither in the registry nor was ever hit is
    counted as ~OTHER, so that invented codes do not fill the store. Raises StoreUnavailable.
    """
    drive(exclude_hit_steps(code, reason, now))


def exclude_hit_steps(code: str, reason: Reason, now: datetime | None = None) -> Steps[None]:
    """The work of `exclude_hit`."""
    yield Step(
        exclude_hit_script,
        [keys.registry(), keys.unknown(), keys.excluded(), keys.excluded_on(local_day(now))],
        [code, reason.value, keys.OTHER, keys.EXCLUDED_SECONDS, keys.EXCLUDED_FIELDS],
        is_write=False,
    )


aexclude_hit = async_twin(exclude_hit)


def read_excluded(
    codes: Sequence[str], *, since: date | None = None, until: date | None = None, now: datetime | None = None
) -> tuple[list[Excluded], Excluded]:
    """Excluded calls of each code, and of all codes there are, on the chosen days or ever.

    One round trip. Raises StoreUnavailable.
    """
    in_all = [reason.value for reason in REASONS]
    *rows, sums = _read([*map(_fields, codes), in_all], _hashes(since, until, now))
    return [dict(zip(CODE_REASONS, row, strict=True)) for row in rows], dict(zip(REASONS, sums, strict=True))


def read_sums(codes: Sequence[str]) -> Excluded:
    """The excluded calls of all these codes together, since the beginning. Raises StoreUnavailable."""
    if len(codes) > _CHUNK and call("HLEN", keys.excluded()) < len(codes) * len(CODE_REASONS):
        return _walk_through(frozenset(codes))
    sums: Excluded = dict.fromkeys(CODE_REASONS, 0)
    for chunk in in_batches(codes, _CHUNK):
        for one in read_excluded(chunk)[0]:
            for reason, calls in one.items():
                sums[reason] += calls
    return sums


def _walk_through(codes: frozenset[str]) -> Excluded:
    """The same, by reading the whole hash, where it has fewer fields than these codes could have."""
    found: dict[bytes, bytes] = {}  # a walk may come by a field twice
    cursor = b"0"
    while True:
        cursor, reply = call("HSCAN", keys.excluded(), cursor, "COUNT", _WALKED)
        found.update(pairs(reply))
        if int(cursor) == 0:
            break
    sums: Excluded = dict.fromkeys(CODE_REASONS, 0)
    for field, calls in found.items():
        code, _, reason = field.decode().partition(" ")
        if code in codes:
            sums[Reason(reason)] += int(calls)
    return sums


class ExcludedCalls:
    """Excluded calls on the chosen days or ever, for all codes in turn: each day is read once, at the beginning."""

    def __init__(self, since: date | None, until: date | None, now: datetime | None) -> None:
        self._by_field: Counter[bytes] | None = None
        if since is None and until is None:
            return
        self._by_field = Counter()
        for name in _hashes(since, until, now):
            for field, calls in pairs(call("HGETALL", name)):
                self._by_field[field] += int(calls)

    def of(self, codes: Sequence[str]) -> list[Excluded]:
        """Those of each code. Raises StoreUnavailable."""
        known = self._by_field
        if known is None:
            return read_excluded(codes)[0]
        return [{reason: known[f"{code} {reason.value}".encode()] for reason in CODE_REASONS} for code in codes]


def list_excluded_days(code: str, days: Sequence[date]) -> list[Excluded]:
    """Excluded calls of one code on each of the days; 0 for days before EXCLUDED_DAYS ago, which are no longer kept.

    One round trip. Raises StoreUnavailable.
    """
    fields = _fields(code)
    recent = [day for day in days if day > local_day() - timedelta(days=keys.EXCLUDED_DAYS + 1)]
    replies = call_many([("HMGET", keys.excluded_on(day), *fields) for day in recent]) if recent else []
    known = {day: [int(count or 0) for count in reply] for day, reply in zip(recent, replies, strict=True)}
    nothing = [0] * len(CODE_REASONS)
    return [dict(zip(CODE_REASONS, known.get(day, nothing), strict=True)) for day in days]


def forget_excluded(code: str, *, now: datetime | None = None) -> None:
    """Delete the excluded calls of one code. Raises StoreUnavailable."""
    hashes = [keys.excluded(), keys.forgotten(), *_days(local_day(now), keys.EXCLUDED_DAYS + 1)]
    forget_excluded_script.run(hashes, [code, *(reason.value for reason in CODE_REASONS)])


def forget_all_excluded() -> None:
    """Forget the sums of all codes, for a reset; the days are deleted by it. Raises StoreUnavailable."""
    forget_all_excluded_script.run([keys.excluded(), keys.forgotten()], [reason.value for reason in REASONS])


def count_excluded() -> Excluded:
    """Excluded calls of all codes, also of those that were reset since: it never goes down. Raises StoreUnavailable."""
    sums = read_excluded_script.read([keys.excluded(), keys.forgotten()], [reason.value for reason in REASONS])
    return dict(zip(REASONS, map(int, sums), strict=True))


def _fields(code: str) -> list[str]:
    return [f"{code} {reason.value}" for reason in CODE_REASONS]


def _hashes(since: date | None, until: date | None, now: datetime | None) -> list[str]:
    if since is None and until is None:
        return [keys.excluded()]
    today = local_day(now)
    last = min(until or today, today)
    first = max(since or date.min, today - timedelta(days=keys.EXCLUDED_DAYS))
    return _days(last, (last - first).days + 1)


def _days(last: date, count: int) -> list[str]:
    return [keys.excluded_on(last - timedelta(days=back)) for back in range(max(count, 0))]


def _read(rows: Sequence[Iterable[str]], hashes: Sequence[str]) -> list[list[int]]:
    """For each row of fields the sums over the hashes."""
    shapes = [list(row) for row in rows]
    fields = [field for row in shapes for field in row]
    sums = [0] * len(fields)
    if len(hashes) == 1:
        replies = [call("HMGET", hashes[0], *fields)] if fields else []
    else:
        replies = call_many([("HMGET", name, *fields) for name in hashes]) if hashes and fields else []
    for reply in replies:
        sums = [known + int(count or 0) for known, count in zip(sums, reply, strict=True)]
    values = iter(sums)
    return [[next(values) for _ in row] for row in shapes]
