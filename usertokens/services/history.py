"""What a user's journal says about some days: spending by day and reason, and transactions by type with their sums.

New entries are in the store, old ones in the database; each function reads the store first, then what is older.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Expression, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from kv.days import day_start, local_day
from kv.store.scripts import Script
from kv.times import from_ms, to_ms
from usertokens import keys
from usertokens.models import ArchivedEntry
from usertokens.services.archive import from_row
from usertokens.services.journal import transaction_of
from usertokens.types import Transaction

_CHUNK = 2000
_PAGE = 500

read_spending_script = Script("usertokens", "read_spending")
find_transactions_script = Script("usertokens", "find_transactions")


@dataclass(frozen=True, slots=True)
class Reason:
    """What tokens were spent on: how many, and how often."""

    reason: str
    tokens: int
    times: int


@dataclass(frozen=True, slots=True)
class Spending:
    """Tokens spent on some days: by day, None for a day before the journal begins; and by reason, most first.

    A hold counts when it is captured, with what was kept. Reasons are of what named no action. has_actions: whether one
    was used: see services/usage.py. given_back: tokens that were given back on these days.
    begins: the day of the first transaction of all; None without one.
    """

    days: tuple[tuple[date, int | None], ...]
    reasons: tuple[Reason, ...]
    given_back: int
    begins: date | None
    has_actions: bool = False

    @property
    def total(self) -> int:
        """All tokens spent."""
        return sum(tokens or 0 for _day, tokens in self.days)


@dataclass(frozen=True, slots=True)
class FoundTransactions:
    """A page of the transactions that fit, newest first, and the sums of all of them.

    before: the argument for the next page, None on the last one. count: how many fit; added, taken: their tokens.
    """

    results: tuple[Transaction, ...]
    before: int | None
    count: int
    added: int
    taken: int


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which transactions are looked for; see `find_transactions`."""

    types: Sequence[str]
    first: date | None
    last: date | None


def read_spending(user_id: str, *, first: date, last: date, reasons_from: date | None = None) -> Spending:
    """What the user spent from `first` to `last`, both included; one script, and the archive where it reaches there.

    reasons_from: reasons, and what was given back, are of the days from this one on; None: of all. Raises
    StoreUnavailable.
    """
    since = reasons_from or first
    dates = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    moments = [to_ms(day_start(day)) for day in (*dates, last + timedelta(days=1))]
    first_entry, first_at, back, stored, reasons, named = read_spending_script.read(
        [keys.journal(user_id)], [to_ms(day_start(since)), *moments]
    )
    by_day = Counter(dict(zip(dates, map(int, stored), strict=True)))
    tokens, times = Counter[str](), Counter[str]()
    for at in range(0, len(reasons), 3):
        name = reasons[at].decode()
        tokens[name], times[name] = int(reasons[at + 1]), int(reasons[at + 2])
    given_back, has_actions = int(back), bool(named)
    begins = from_ms(int(first_at)) if int(first_entry) else None
    if int(first_entry) != 1:
        older = _archived(user_id, int(first_entry))
        oldest = older.order_by("entry").values_list("at", flat=True).first()
        begins = oldest or begins
        if oldest and (not int(first_entry) or day_start(first) < from_ms(int(first_at))):
            rows = _within(older, first, last)
            given_back += _add_archived(rows, since, by_day, tokens, times)
            used = rows.filter(at__gte=day_start(since), type__in=("spend", "capture"))
            has_actions = has_actions or used.exclude(action="").exists()
    begin_day = local_day(begins) if begins else None
    return Spending(
        tuple((day, by_day[day] if begin_day and day >= begin_day else None) for day in dates),
        tuple(Reason(name, spent, times[name]) for name, spent in tokens.most_common()),
        given_back,
        begin_day,
        has_actions,
    )


def find_transactions(
    user_id: str,
    *,
    types: Sequence[str] = (),
    first: date | None = None,
    last: date | None = None,
    limit: int = 20,
    before: int | None = None,
) -> FoundTransactions:
    """Up to `limit` entries of some types (none: all) on some days, newest first, with the sums of all that fit.

    first, last: both included; None: no bound. before: only entries with a smaller number. Raises StoreUnavailable.
    """
    sums, found, older = _find(user_id, _Wanted(types, first, last), limit=limit, before=before, with_sums=True)
    count, added, taken = sums
    if older is not None:
        row = older.aggregate(
            n=Count("id"),
            added=Coalesce(Sum("amount", filter=Q(amount__gt=0)), 0),
            taken=Coalesce(Sum("amount", filter=Q(amount__lt=0)), 0),
        )
        # PostgreSQL answers sums of large integers as decimals.
        count, added, taken = count + row["n"], added + int(row["added"]), taken - int(row["taken"])
        if row["n"]:
            found += _older_page(older, limit + 1 - len(found), before)
    more = found[limit - 1].id if len(found) > limit else None
    return FoundTransactions(tuple(found[:limit]), more, count, added, taken)


def iterate_found(
    user_id: str, *, types: Sequence[str] = (), first: date | None = None, last: date | None = None
) -> Iterator[Transaction]:
    """Every entry that `find_transactions` finds, newest first, with a page of them in memory."""
    wanted, before = _Wanted(types, first, last), None
    while True:
        # Without the sums: those of all entries, for each page, would make a long export slow, and block the store.
        _sums, found, older = _find(user_id, wanted, limit=_PAGE, before=before, with_sums=False)
        if older is not None:
            found += _older_page(older, _PAGE + 1 - len(found), before)
        yield from found[:_PAGE]
        if len(found) <= _PAGE:
            return
        before = found[_PAGE - 1].id


def first_day(user_id: str) -> date | None:
    """The day of the user's first transaction; None without one. Raises StoreUnavailable."""
    now = to_ms(day_start(local_day()))
    first_entry, first_at, *_ = read_spending_script.read([keys.journal(user_id)], [now, now, now])
    if int(first_entry) == 1:
        return local_day(from_ms(int(first_at)))
    at = _archived(user_id, int(first_entry)).order_by("entry").values_list("at", flat=True).first()
    return local_day(at) if at else local_day(from_ms(int(first_at))) if int(first_entry) else None


def _find(
    user_id: str, wanted: _Wanted, *, limit: int, before: int | None, with_sums: bool
) -> tuple[tuple[int, int, int], list[Transaction], QuerySet[ArchivedEntry] | None]:
    """How many in the store fit, added, taken (0 without sums); up to limit + 1 of them; what fits in the archive."""
    own = [
        to_ms(day_start(wanted.first)) if wanted.first else "",
        to_ms(day_start(wanted.last + timedelta(days=1))) if wanted.last else "",
        "" if before is None else before - 1,
        limit + 1,
        "1" if with_sums else "",
        *wanted.types,
    ]
    first_entry, count, added, taken, replies = _split(find_transactions_script.read([keys.journal(user_id)], own))
    found = [transaction_of(reply) for reply in replies]
    if first_entry == 1:
        return (count, added, taken), found, None
    older = _within(_archived(user_id, first_entry), wanted.first, wanted.last)
    return (count, added, taken), found, older.filter(type__in=wanted.types) if wanted.types else older


def _older_page(older: QuerySet[ArchivedEntry], count: int, before: int | None) -> list[Transaction]:
    rows = older if before is None else older.filter(entry__lt=before)
    return [from_row(entry) for entry in rows.order_by("-entry")[:count]] if count > 0 else []


def _split(reply: list[Any]) -> tuple[int, int, int, int, list[list[object]]]:
    first, count, added, taken = map(int, reply[:4])
    return first, count, added, taken, reply[4:]


def _archived(user_id: str, first_entry: int) -> QuerySet[ArchivedEntry]:
    """The entries that are not in the store, of which `first_entry` is the first; 0: it has none."""
    rows = ArchivedEntry.objects.filter(user_id=user_id)
    return rows.filter(entry__lt=first_entry) if first_entry else rows


def _within(rows: QuerySet[ArchivedEntry], first: date | None, last: date | None) -> QuerySet[ArchivedEntry]:
    if first:
        rows = rows.filter(at__gte=day_start(first))
    return rows.filter(at__lt=day_start(last + timedelta(days=1))) if last else rows


def _add_archived(
    rows: QuerySet[ArchivedEntry], since: date, by_day: Counter[date], tokens: Counter[str], times: Counter[str]
) -> int:
    """Add what was spent in the archive; answers the tokens that were given back from `since` on."""
    days = sorted(by_day)
    starts = [day_start(day) for day in days]

    def add(day: date, reason: str, action: str, spent: int, often: int) -> None:
        by_day[day] += spent
        if day >= since and not action:
            tokens[reason] += spent
            times[reason] += often

    # In SQL by the moments at which days begin: SQLite would ask Python for the site's day of each row.
    placed = rows.filter(type="spend").annotate(place=_place(starts, 0, len(starts)))
    spends = placed.values_list("place", "reason", "action")
    for place, reason, action, spent, often in spends.annotate(spent=Sum("amount"), often=Count("id")):
        add(days[place], reason, action, -int(spent), often)
    # Row by row: what a capture used is JSON.
    captures = rows.filter(type="capture").values_list("at", "reason", "action", "used")
    for at, reason, action, used in captures.iterator(chunk_size=_CHUNK):
        add(days[bisect_right(starts, at) - 1], reason, action, sum(used[1::2]), 1)
    back = rows.filter(type="reverse", at__gte=day_start(since)).aggregate(sum=Coalesce(Sum("amount"), 0))
    return int(back["sum"])


def _place(starts: Sequence[datetime], low: int, high: int) -> Expression:
    """In SQL, the place among `starts`, from `low` to before `high`, of a row's day. By halving: each row is asked."""
    if high - low == 1:
        return Value(low)
    middle = (low + high) // 2
    return Case(
        When(at__lt=starts[middle], then=_place(starts, low, middle)),
        default=_place(starts, middle, high),
        output_field=IntegerField(),
    )
