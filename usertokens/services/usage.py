"""Usage by action and day, of one user or of the whole site: from the tables, and from what is not in them yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db.models import Sum

from kv.days import local_day
from kv.process.threads import async_twin
from kv.store.connection import call_many
from usertokens import keys
from usertokens.models import TokenLedger, Usage, UserUsage
from usertokens.services.ledger import require_whole
from usertokens.services.uses import Uses, read_rest, read_rest_of, uses_of_rows
from usertokens.types import MOST_USAGE_DAYS, ActionUsage, UsageReport

#: Users of whom the site's report reads what is not in the tables yet: those who were here last.
_RECENT = 500
_TRIES = 5
_COLUMNS = ("date", "action", "count", "quantity", "spent")


def read_usage(user_id: str, days: int = 30, *, now: datetime | None = None) -> UsageReport:
    """What the user has used in the last `days` days (1 to 366), today included; exact.

    Raises AccountClosed, StoreUnavailable, or ValueError for another number of days.
    """
    return usage_between(user_id, *_last_days(days, now))


aread_usage = async_twin(read_usage, uses_database=True)


def read_site_usage(days: int = 30, *, now: datetime | None = None) -> UsageReport:
    """What all users have used in the last `days` days (1 to 366), today included.

    Of the 500 users who logged in last it has everything; of the others what the worker has added up, some minutes ago.
    Raises StoreUnavailable, or ValueError for another number of days.
    """
    return site_usage_between(*_last_days(days, now))


aread_site_usage = async_twin(read_site_usage, uses_database=True)


def usage_between(user_id: str, first: date, last: date) -> UsageReport:
    """What the user has used from one day to another, both included. Raises AccountClosed, StoreUnavailable."""
    mark, uses = _read_rows(user_id, first, last)
    uses.add_all(read_rest_of(user_id, mark, first=first).between(first, last))
    return report_of(uses, first, last)


def site_usage_between(first: date, last: date) -> UsageReport:
    """What all users have used from one day to another, as `read_site_usage` says. Raises StoreUnavailable."""
    return report_of(site_uses_between(first, last), first, last)


def site_uses_between(first: date, last: date) -> Uses:
    """The same by day and action. Raises StoreUnavailable."""
    uses = Uses()
    marks: dict[str, int] = {}
    for _ in range(_TRIES):
        marks = _recent_marks()
        rows = Usage.objects.filter(date__gte=first, date__lte=last).values_list(*_COLUMNS)
        uses = uses_of_rows(rows)
        if marks == _recent_marks():  # else a roll-up has added to the rows meanwhile
            break
    uses.add_all(read_rest(_behind(marks), first=first).between(first, last))
    return uses


def all_usage(user_id: str) -> Uses:
    """Everything that the user has used. Raises AccountClosed, StoreUnavailable."""
    mark, uses = _read_rows(user_id, date.min, date.max)
    uses.add_all(read_rest_of(user_id, mark))
    return uses


def sum_usage() -> list[tuple[str, int, int, int]]:
    """For each action, in alphabetical order: its name, how often, of how many units, tokens; since the beginning."""
    rows = Usage.objects.values("action").order_by("action")
    sums = rows.annotate(times=Sum("count"), units=Sum("quantity"), tokens=Sum("spent"))
    # PostgreSQL answers sums of large integers as decimals.
    return [(row["action"], int(row["times"]), int(row["units"]), int(row["tokens"])) for row in sums]


def _last_days(days: int, now: datetime | None) -> tuple[date, date]:
    require_whole(1, MOST_USAGE_DAYS, days=days)
    today = local_day(now)
    return today - timedelta(days=days - 1), today


def _read_rows(user_id: str, first: date, last: date) -> tuple[int, Uses]:
    """The last entry that is in the user's rows, and the rows of these days."""
    mark, uses = 0, Uses()
    for _ in range(_TRIES):
        mark = _mark(user_id)
        rows = UserUsage.objects.filter(user_id=user_id, date__gte=first, date__lte=last)
        uses = uses_of_rows(rows.values_list(*_COLUMNS))
        if mark == _mark(user_id):  # else a roll-up has added to the rows meanwhile
            break
    return mark, uses


def _mark(user_id: str) -> int:
    return TokenLedger.objects.filter(pk=user_id).values_list("summed", flat=True).first() or 0


def _recent_marks() -> dict[str, int]:
    """Who was here last, with the last entry of each that is in the tables."""
    listed = TokenLedger.objects.values_list("pk", "summed")
    found = dict(listed.filter(seen__isnull=False).order_by("-seen", "-pk")[:_RECENT])
    if len(found) < _RECENT:
        found |= dict(listed.filter(seen__isnull=True).order_by("-pk")[: _RECENT - len(found)])
    return found


def _behind(marks: dict[str, int]) -> dict[str, int]:
    """Of these users, those whose journal has gone on. An older backup of the store has gone on with nothing."""
    newest = call_many([("HGET", keys.account(user_id), "entries") for user_id in marks]) if marks else []
    return {
        user_id: mark
        for (user_id, mark), entries in zip(marks.items(), newest, strict=True)
        if int(entries or 0) > mark
    }


def report_of(uses: Uses, first: date, last: date) -> UsageReport:
    """The uses of some days, both ends included, as a report."""
    dates = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    actions = (_action(uses, action, dates) for action in {action for _, action in uses})
    return UsageReport(first, last, tuple(sorted(actions, key=lambda one: (-one.spent, -one.count, one.action))))


def _action(uses: Uses, action: str, dates: Iterable[date]) -> ActionUsage:
    rows = [uses.get((day, action), (0, 0, 0)) for day in dates]
    count, quantity, spent = (sum(column) for column in zip(*rows, strict=True))
    return ActionUsage(action, count, quantity, spent, tuple(row[2] for row in rows))
