"""The admin's list of users: a row each in SQL, to be searched and sorted, and the live values of the rows shown.

The worker walks through all users every few minutes, in batches, and writes the rows that have changed. A user's own
row is added with the account. Balances change with every spend; a list by balance is therefore "as of" the last walk,
and its page reads the balances of its rows from the store, in one round trip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Q, Sum
from redis.exceptions import NoScriptError

from kv.sql.batches import in_batches
from kv.sql.transactions import atomic_for
from kv.sql.upserts import upsert_rows
from kv.store.connection import call_many
from kv.store.scripts import Script
from kv.times import aware
from usertokens import keys
from usertokens.conf import default_plan
from usertokens.models import TokenLedger, Usage, UserUsage
from usertokens.services import ledger
from usertokens.services.rollup import add_up
from usertokens.types import Subscribed

#: The users of one batch.
BATCH = 500
_COLUMNS = ("user_id", "name", "joined", "seen", "plan", "balance", "debt", "summed")
_LONGEST_ID = 64
_LONGEST_NAME = 254

read_row_script = Script("usertokens", "read_row")


@dataclass(frozen=True, slots=True)
class LiveRow:
    """What the admin's list shows of a user, as it is now. balance: None while there is no account yet."""

    balance: int | None
    held: int
    debt: int
    plan: str


def add_user(user: Any) -> None:
    """Add a user to the list, or note a new name. One query."""
    user_id = str(user.pk)
    if is_listable(user_id):
        row = TokenLedger(user_id=user_id, name=_name(user.get_username()), joined=_joined(user), plan=default_plan())
        TokenLedger.objects.bulk_create([row], update_conflicts=True, update_fields=["name"], unique_fields=["user_id"])


def is_listable(user_id: str) -> bool:
    """Whether the store can have an account of this id."""
    return len(user_id) <= _LONGEST_ID and "{" not in user_id and "}" not in user_id


def iterate_accounts() -> Iterator[Any]:
    """The id, name and moment of joining of every user of the database, in batches by the primary key."""
    users = get_user_model()
    joined = "date_joined" if _has_joined() else None
    rows = users._default_manager.order_by("pk").values_list("pk", users.USERNAME_FIELD, *([joined] if joined else []))  # noqa: SLF001 (Django's public name for it)
    last: Any = None
    while True:
        some = list((rows if last is None else rows.filter(pk__gt=last))[:BATCH])
        if not some:
            return
        last = some[-1][0]
        yield from ((str(row[0]), row[1], row[2] if joined else None) for row in some)


def copy_users(users: Sequence[tuple[str, str, datetime | None]]) -> int:
    """Write the rows of some users as the store has them now, and add up what they have used; how many changed.

    Two round trips where the store knows the scripts.

    Raises StoreUnavailable.
    """
    users = [user for user in users if is_listable(user[0])]
    with atomic_for(TokenLedger):
        before, new = _locked_rows(users)
        # After the lock: what another worker has added meanwhile is then in `summed`, and nothing read here is older.
        replies = call_many(
            [
                command
                for user_id, _, _ in users
                for command in (
                    ("HMGET", keys.account(user_id), "balance", "debt", "entries"),
                    ("HGET", keys.stats(user_id), "plan"),
                    ("GET", keys.last_login(user_id)),
                )
            ]
        )
        summed = {user[0]: before[user[0]].summed for user in users}
        # Of an account that is not in the store the mark stays: the store may be empty until a backup is restored.
        entries = {user[0]: int(replies[3 * place][2] or summed[user[0]]) for place, user in enumerate(users)}
        added_up = add_up({one: summed[one] for one in entries if entries[one] > summed[one]})
        changed: list[tuple[Any, ...]] = []
        for place, (user_id, name, joined) in enumerate(users):
            (balance, debt, _), plan, seen = replies[3 * place : 3 * place + 3]
            row = (
                *(user_id, _name(name), aware(joined) if joined else None),
                date.fromisoformat(seen.decode()) if seen else None,
                plan.decode() if plan else default_plan(),
                int(balance) if balance is not None else None,
                int(debt or 0),
                # Below it where an older backup was restored.
                added_up.get(user_id, entries[user_id]),
            )
            if user_id in new or row != tuple(getattr(before[user_id], column) for column in _COLUMNS):
                changed.append(row)
        if changed:
            upsert_rows(TokenLedger, _COLUMNS, changed, unique=("user_id",))
    return len(changed)


def drop_gone(user_ids: Sequence[str]) -> int:
    """Delete the rows, among these, of users that the database no longer has, and their usage; how many rows."""
    users = get_user_model()._default_manager  # noqa: SLF001 (Django's public name for it)
    there = {str(key) for key in users.filter(pk__in=user_ids).values_list("pk", flat=True)}
    gone = [user_id for user_id in user_ids if user_id not in there]
    if not gone:
        return 0
    with atomic_for(TokenLedger):
        dropped: int = TokenLedger.objects.filter(user_id__in=gone).delete()[0]
        # With their row goes the mark up to which it is added up. The site's sums stay.
        UserUsage.objects.filter(user_id__in=gone).delete()
    return dropped


def iterate_rows() -> Iterator[str]:
    """The id of every row, in batches."""
    last = ""
    while some := list(
        TokenLedger.objects.filter(user_id__gt=last).order_by("user_id").values_list("user_id", flat=True)[:BATCH]
    ):
        last = some[-1]
        yield from some


def read_live(user_ids: Sequence[str]) -> dict[str, LiveRow]:
    """The rows of some users as they are now, settled where something was due. One round trip.

    Left out are ids that no account can have, and closed accounts. Raises StoreUnavailable.
    """
    asked = [user_id for user_id in user_ids if is_listable(user_id)]
    if not asked:
        return {}
    commands = [read_row_script.command(keys.ledger(one), ledger.common_args(one)) for one in asked]
    try:
        replies = call_many(commands)
    except NoScriptError:
        read_row_script.load()
        replies = call_many(commands)
    found: dict[str, LiveRow] = {}
    for user_id, reply in zip(asked, replies, strict=True):
        ledger.send_low_balance(user_id, reply)
        if reply[0] == b"ok":
            balance, held, debt = map(int, reply[1:4])
            found[user_id] = LiveRow(balance, held, debt, reply[4].decode() or default_plan())
        elif reply[0] == b"none":
            found[user_id] = LiveRow(None, 0, 0, default_plan())
    return found


def note_subscriptions(subscriptions: Mapping[str, Subscribed]) -> int:
    """Write what some users' subscriptions are, for the list; how many have changed. For a payment provider's app."""
    changed = 0
    for some in in_batches(subscriptions, BATCH):
        rows = TokenLedger.objects.filter(user_id__in=some).values_list("user_id", "subscription")
        by_value: dict[str, list[str]] = {}
        for user_id, was in rows:
            if was != subscriptions[user_id]:
                by_value.setdefault(subscriptions[user_id].value, []).append(user_id)
        for value, user_ids in by_value.items():
            changed += TokenLedger.objects.filter(user_id__in=user_ids).update(subscription=value)
    return changed


def spent_on(day: date) -> int:
    """The tokens that all users spent on a day, as far as the worker has added them up."""
    return int(Usage.objects.filter(date=day).aggregate(sum=Sum("spent"))["sum"] or 0)


def _locked_rows(users: Sequence[tuple[str, str, datetime | None]]) -> tuple[dict[str, TokenLedger], set[str]]:
    """The rows of some users, locked so that two workers do not add the same entries to the day; and which are new.

    New ones are written first: two workers would else both begin with the first entry.
    """
    rows = TokenLedger.objects.filter(user_id__in=[user[0] for user in users]).select_for_update().order_by("user_id")
    found = {row.user_id: row for row in rows}
    new = [user for user in users if user[0] not in found]
    if new:
        made = [TokenLedger(user_id=one, name=_name(name), plan=default_plan()) for one, name, _ in new]
        TokenLedger.objects.bulk_create(made, ignore_conflicts=True)
        found = {row.user_id: row for row in rows.all()}
    return found, {user[0] for user in new}


def _name(name: object) -> str:
    return str(name)[:_LONGEST_NAME]


def _joined(user: Any) -> datetime | None:
    joined = getattr(user, "date_joined", None)
    return aware(joined) if isinstance(joined, datetime) else None


def _has_joined() -> bool:
    return any(field.name == "date_joined" for field in get_user_model()._meta.get_fields())  # noqa: SLF001 (Django documents it)


def count_joined(*, since: datetime) -> int:
    """How many users have signed up since a moment, by the list's index, without the site's own accounts.

    Those are looked for among the newest users only: there are few of them.
    """
    joined = TokenLedger.objects.filter(joined__gte=since)
    newest = list(joined.order_by("-joined").values_list("user_id", flat=True)[:BATCH])
    return max(joined.count() - _own_among(newest), 0)


def _own_among(user_ids: Sequence[str]) -> int:
    """How many are staff or services (no usable password, but permissions), as far as the user model tells."""
    users: Any = get_user_model()
    known = {field.name for field in users._meta.get_fields()}  # noqa: SLF001 (Django documents it)
    own = Q(is_staff=True) if "is_staff" in known else Q()
    if {"password", "user_permissions"} <= known:
        own |= Q(password__startswith=UNUSABLE_PASSWORD_PREFIX, user_permissions__isnull=False)
    if not own or not user_ids:
        return 0
    return int(users._default_manager.filter(own, pk__in=user_ids).distinct().count())  # noqa: SLF001 (documented)
