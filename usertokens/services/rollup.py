"""Usage in SQL: added up from the journals by the walk through all users, each entry once.

`TokenLedger.summed` is the last entry of a user that is in the tables, and changes with them, in one transaction. So a
worker that is killed leaves all or nothing of a step behind (shown by tests/usertokens/test_rollup.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kv.sql.transactions import atomic_for
from kv.sql.upserts import upsert_rows
from usertokens.models import TokenLedger, Usage, UserUsage
from usertokens.services.uses import Read, Uses, read_some, uses_of_rows

_SUMS = ("count", "quantity", "spent")
_DAY = ("date", "action", *_SUMS)
#: Entries of one journal that one walk adds up; of a longer one the next walk goes on.
_ENTRIES = 1000
#: Archived entries of a batch of users that one walk adds up, as after an upgrade.
_ARCHIVED = 20_000


def add_up(since: Mapping[str, int]) -> dict[str, int]:
    """Add what some users used after the given entries to the tables; the last entry of each that is there now.

    Within the transaction that locks their rows of TokenLedger and writes `summed`. Raises StoreUnavailable.
    """
    if not since:
        return {}
    found = read_some(since, most=_ENTRIES, most_archived=_ARCHIVED)
    _write(found)
    return {user_id: read.last for user_id, read in found.items()}


def add_up_rest(user_id: str) -> None:
    """Add all that is left of one user, so that the site's sums keep it when the user is deleted.

    Raises StoreUnavailable.
    """
    with atomic_for(TokenLedger):
        summed = TokenLedger.objects.select_for_update().filter(pk=user_id).values_list("summed", flat=True).first()
        while summed is not None:
            found = read_some({user_id: summed})
            if user_id not in found or found[user_id].last <= summed:
                return
            _write(found)
            summed = found[user_id].last
            TokenLedger.objects.filter(pk=user_id).update(summed=summed)


def find_drifted_usage(user_ids: Sequence[str]) -> list[str]:
    """Those of a batch of users whose rows are not what their journals say. Raises StoreUnavailable."""
    marks = dict(TokenLedger.objects.filter(pk__in=user_ids, summed__gt=0).values_list("pk", "summed"))
    kept: dict[str, Uses] = {user_id: Uses() for user_id in marks}
    for user_id, day, action, *sums in UserUsage.objects.filter(user_id__in=marks).values_list("user_id", *_DAY):
        kept[user_id].add(day, action, *sums)
    # A roll-up may have come in between: then the rows are newer than the mark.
    now = dict(TokenLedger.objects.filter(pk__in=marks).values_list("pk", "summed"))
    marks = {user_id: mark for user_id, mark in marks.items() if now.get(user_id) == mark}
    said = _read_through(marks)
    return [user_id for user_id in marks if user_id in said and said[user_id] != kept[user_id]]


def repair_usage(user_id: str) -> None:
    """Set a user's rows to what the journal says; the site's sums change by the difference. Raises StoreUnavailable."""
    with atomic_for(TokenLedger):
        rows = TokenLedger.objects.select_for_update().filter(pk=user_id)
        marks = dict(rows.values_list("pk", "summed"))
        said = _read_through(marks)
        if user_id not in said:
            return
        kept = UserUsage.objects.filter(user_id=user_id)
        difference = Uses(said[user_id])
        for key, (count, quantity, spent) in uses_of_rows(kept.values_list(*_DAY)).items():
            difference.add(*key, -count, -quantity, -spent)
        kept.delete()
        made = [(user_id, *key, *sums) for key, sums in sorted(said[user_id].items())]
        upsert_rows(UserUsage, ("user_id", *_DAY), made, unique=("user_id", "date", "action"))
        _add_to_site(Uses({key: sums for key, sums in difference.items() if any(sums)}))


def _read_through(marks: Mapping[str, int]) -> dict[str, Uses]:
    """What journal and archive say of some users, from the first entry through the given one."""
    said: dict[str, Uses] = {}
    left = dict.fromkeys(marks, 0)
    while left:
        found = read_some(left, through=marks)
        for user_id, read in found.items():
            said.setdefault(user_id, Uses()).add_all(read.uses)
        left = {user_id: read.last for user_id, read in found.items() if read.last < read.newest}
    return said


def _write(found: Mapping[str, Read]) -> None:
    site = Uses()
    for read in found.values():
        site.add_all(read.uses)
    if not site:
        return
    users = [user_id for user_id, read in found.items() if read.uses]
    kept = UserUsage.objects.filter(user_id__in=users, date__in={day for day, _ in site})
    before = {row[:3]: row[3:] for row in kept.values_list("user_id", *_DAY)}
    rows = [
        (user_id, *key, *_sum(sums, before.get((user_id, *key))))
        for user_id in users
        for key, sums in sorted(found[user_id].uses.items())
    ]
    upsert_rows(UserUsage, ("user_id", *_DAY), rows, unique=("user_id", "date", "action"))
    _add_to_site(site)


def _add_to_site(uses: Uses) -> None:
    """Add to the site's sums. In one order of rows, so that two workers wait for each other, but never both."""
    if not uses:
        return
    made = [Usage(date=day, action=action) for day, action in sorted(uses)]
    Usage.objects.bulk_create(made, ignore_conflicts=True)
    rows = Usage.objects.filter(date__in={day for day, _ in uses}, action__in={action for _, action in uses})
    before = uses_of_rows(rows.select_for_update().order_by("date", "action").values_list(*_DAY))
    after = [(*key, *_sum(sums, before[key])) for key, sums in sorted(uses.items())]
    upsert_rows(Usage, _DAY, after, unique=("date", "action"))


def _sum(sums: Sequence[Any], before: Sequence[Any] | None) -> Sequence[Any]:
    return [one + other for one, other in zip(sums, before, strict=True)] if before else sums
