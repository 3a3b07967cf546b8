"""Budgets: the most tokens that a user may spend in a day or month of the site, of all or by action.

A user has budgets of the user's own and of staff; the lower one holds. They are checked in the script that takes the
tokens: see docs/decisions/0082-budgets.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from kv.days import day_start, local_day
from kv.process.threads import async_twin
from kv.store.numbers import LARGEST_WHOLE
from kv.store.scripts import Script
from kv.times import local_from_ms
from usertokens import keys
from usertokens.errors import UnknownAction
from usertokens.services import ledger
from usertokens.services.archive import archived_spends
from usertokens.services.prices import action_names
from usertokens.types import LARGEST_AMOUNT, BudgetInForce, Budgets, Caps
from usertokens.types.budgets import DAY, MONTH

#: Where the rows of budgets begin in a reply of budget_reply.lua.
_ROWS = 9
_TRIES = 5

read_budget_script = Script("usertokens", "read_budget")
set_budget_script = Script("usertokens", "set_budget")


def get_budget(user_id: str, *, now: datetime | None = None) -> Budgets:
    """All budgets of a user, and what is used of them. Does what is due first. Raises AccountClosed."""
    return read_budgets(ledger.run(read_budget_script, user_id, now=now))


aget_budget = async_twin(get_budget)


def set_budget(
    user_id: str,
    *,
    day: int | None = None,
    month: int | None = None,
    actions: Mapping[str, Caps] | None = None,
    by_staff: bool = False,
    key: str = "",
    actor: str = "",
    now: datetime | None = None,
) -> Budgets:
    """Set all budgets of the user's own, or with `by_staff` all that staff have set; the others stay.

    day, month: tokens, 1 to 10^12; None: no budget.
    actions:    the same by action, of TOKEN_ACTIONS; an action that is not named has none.
    actor:      the id of the member of staff or service; it is kept for budgets of staff.
    What was spent before in this day and month counts.
    Raises UnknownAction, IdempotencyConflict or AccountClosed, or ValueError for a number out of bounds.
    """
    wanted = {"": Caps(day, month), **(actions or {})}
    for action, caps in wanted.items():
        if action and action not in action_names():
            raise UnknownAction(action)
        given = {name: tokens for name, tokens in ((DAY, caps.day), (MONTH, caps.month)) if tokens is not None}
        ledger.require_whole(1, LARGEST_AMOUNT, **given)
    limits = [[action, caps.day or 0, caps.month or 0] for action, caps in sorted(wanted.items())]
    own = ("staff" if by_staff else "own", json.dumps(limits), actor if by_staff else "")
    more = [keys.reversed_entries(user_id)]
    since = day_start(local_day(now).replace(day=1))
    for left in reversed(range(_TRIES)):
        last, spends = archived_spends(user_id, since)
        # The last try takes what there is: an older copy of the database may lack entries for good.
        args = (*own, last if left else LARGEST_WHOLE, json.dumps(spends))
        reply = ledger.run(set_budget_script, user_id, args, key=key, actor=actor, body=own, more_keys=more, now=now)
        # Otherwise entries went to the archive in between.
        if reply[0] == b"ok":
            break
    return read_budgets(reply)


aset_budget = async_twin(set_budget, uses_database=True)


def read_budgets(reply: list[Any]) -> Budgets:
    """Parse a reply of budget_reply.lua; an empty one is of a user without any."""
    if len(reply) < _ROWS:
        return Budgets()
    day_to, month_to = (local_from_ms(int(reply[place])) for place in (3, 5))
    own_at, staff_at = (_moment(reply[place]) for place in (6, 7))
    own: dict[str, Caps] = {}
    staff: dict[str, Caps] = {}
    in_force: list[BudgetInForce] = []
    for row in reply[_ROWS:]:
        if not row:
            break  # the end; an answer that was kept under its idempotency key before an upgrade has none
        action = row[0].decode()
        own_day, own_month, staff_day, staff_month, day_used, month_used, held = (int(number) for number in row[1:8])
        if own_day or own_month:
            own[action] = Caps(own_day or None, own_month or None)
        if staff_day or staff_month:
            staff[action] = Caps(staff_day or None, staff_month or None)
        in_force.extend(_in_force(action, DAY, (own_day, staff_day), day_used + held, day_to))
        in_force.extend(_in_force(action, MONTH, (own_month, staff_month), month_used + held, month_to))
    return Budgets(own, staff, tuple(in_force), own_at, staff_at, reply[8].decode())


def _in_force(
    action: str, period: str, limits: tuple[int, int], used: int, opens_at: datetime
) -> Iterator[BudgetInForce]:
    own, staff = limits
    if own or staff:
        by_staff = bool(staff and (not own or staff <= own))
        yield BudgetInForce(action, period, staff if by_staff else own, used, opens_at, by_staff)


def _moment(text: bytes) -> datetime | None:
    return local_from_ms(int(text)) if int(text) else None
