"""Entries of any kind and moment, written straight into a user's journal, and what is added up from the journals.

The balances of such entries need not add up.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Sum

from kv.days import local_day
from kv.times import to_ms
from usertokens import keys
from usertokens.models import Usage, UserUsage
from usertokens.services import directory

DAY = date(2026, 5, 10)
_PUSH = """
local number = redis.call('HINCRBY', KEYS[1], 'entries', 1)
local at, kind, change, used = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local action, quantity = ARGV[5], ARGV[6]
local entry = cmsgpack.pack(number, at, kind, change, 0, 'why', '', '', {})
local parts = used > 0 and {1, used - 1, 2, 1} or {}
if action ~= '' then
  entry = entry .. cmsgpack.pack(parts, action, tonumber(quantity))
elseif used > 0 then
  entry = entry .. cmsgpack.pack(parts)
end
redis.call('RPUSH', KEYS[2], entry)
return number
"""


def write_entry(
    store: Any, user_id: str, at: datetime, kind: str, tokens: int = 0, *, action: str = "", quantity: int = 1
) -> int:
    """Write an entry; of a capture the tokens are what it took for good. Returns its number."""
    change, used = (0, tokens) if kind == "capture" else (-tokens, 0)
    names = [keys.account(user_id), keys.journal(user_id)]
    return int(store.eval(_PUSH, 2, *names, to_ms(at), kind, change, used, action, quantity))


def walk() -> int:
    return directory.copy_users(list(directory.iterate_accounts()))


def site() -> dict[tuple[str, str], tuple[int, int, int]]:
    rows = Usage.objects.values_list("date", "action", "count", "quantity", "spent")
    return {(day.isoformat(), action): tuple(sums) for day, action, *sums in rows}  # type: ignore[misc] # three of each


def site_of_users() -> dict[tuple[str, str], tuple[int, int, int]]:
    rows = UserUsage.objects.values("date", "action").annotate(a=Sum("count"), b=Sum("quantity"), c=Sum("spent"))
    return {(row["date"].isoformat(), row["action"]): (row["a"], row["b"], row["c"]) for row in rows}


def spent_today() -> int:
    return directory.spent_on(local_day())
