"""Explains a balance: which grants, spends, holds and rules make it up, at any moment, and proves the sum.

The whole journal up to the moment is carried out again, in parts, from archive and store alike. All of these must be
the balance: what came less what went; what is left in grants less the debt; what the entry says; at present, the
account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kv.days import local_day, read_moment
from kv.store.scripts import Script
from kv.times import aware, from_ms, to_ms
from usertokens import keys
from usertokens.errors import JournalTooLong, MomentInFuture, NoLedgerYet
from usertokens.models import ArchivedEntry
from usertokens.services import ledger
from usertokens.services.history import find_transactions_script
from usertokens.services.journal import iterate_oldest_first, transaction_of
from usertokens.services.replay import Replay, tokens_of
from usertokens.types import BOUGHT, GIVEN
from usertokens.types.explanations import ExplainedGrant, Explanation, SpentOn

#: Of grants whose own facts nothing tells any more: see lua/settle.lua.
_SOURCES = {"allowance": "allowance", "rollover": "rollover", "adjust": "adjustment"}
_PRIORITIES = {"rollover": 10, "allowance": 20, "adjustment": GIVEN, "given": GIVEN, "purchase": BOUGHT}
_NEVER = float("inf")

explain_balance_script = Script("usertokens", "explain_balance")


@dataclass(frozen=True, slots=True)
class _LiveGrant:
    left: int
    priority: int
    expires_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class _Account:
    """The account as it stands in the store. holds: entry → tokens, end, tokens of each grant."""

    now: datetime
    balance: int
    held: int
    debt: int
    entries: int
    archived: int
    grants: dict[int, _LiveGrant]
    holds: dict[int, tuple[int, datetime, Counter[int]]]


def read_at(text: str) -> datetime | None:
    """The moment that a text names, as `read_moment` has it; None, the present, for today's date. Raises ValueError."""
    return None if text == local_day().isoformat() else read_moment(text)


def explain_balance(
    user_id: str, *, at: datetime | None = None, most: int | None = None, now: datetime | None = None
) -> Explanation:
    """The balance at a moment (None: the present), and what makes it up. Does what is due first, as every call does.

    at:   entries of this moment are included. Without a zone it is of the site's own.
    most: entries that may be read; None: any number. Memory grows with the grants, not with the entries.
    Raises NoLedgerYet, MomentInFuture, AccountClosed, JournalTooLong, StoreUnavailable.
    """
    account = _read_account(user_id, now)
    moment = account.now if at is None else aware(at)
    if moment > account.now:
        raise MomentInFuture(account.now)
    last = account.entries if at is None else min(_find_last(user_id, moment), account.entries)
    if not last:
        raise NoLedgerYet(_first_at(user_id, now))
    if most is not None and account.entries > most:
        raise JournalTooLong(account.entries)
    replay = Replay(account.holds)
    for entry in iterate_oldest_first(user_id, account.entries, archived=account.archived, now=now):
        if entry.id <= last:
            replay.carry_out(entry)
        else:
            replay.read_facts(entry)
    if replay.last is None:
        raise NoLedgerYet
    _complete(replay, account)
    _prove(replay, last)
    is_present = last == account.entries
    if is_present:
        _compare(replay, account)
    spent = sorted(replay.spent_on.items(), key=lambda one: -one[1][0])
    return Explanation(
        user_id=user_id,
        at=moment,
        entry=replay.last,
        entries=account.entries,
        archived=account.archived,
        is_present=is_present,
        held=replay.terms.held,
        debt=replay.debt,
        terms=replay.terms,
        grants=tuple(_in_order(replay)),
        holds=tuple(replay.holds.values()),
        spent_on=tuple(_spent_on(name, *sums) for name, sums in spent),
        newest=tuple(reversed(replay.newest)),
        problems=tuple(replay.problems),
    )


def _spent_on(name: tuple[str, str] | None, tokens: int, times: int) -> SpentOn:
    action, reason = name or (None, None)
    return SpentOn(action, reason, tokens, times)


def _read_account(user_id: str, now: datetime | None) -> _Account:
    reply = ledger.run(explain_balance_script, user_id, now=now)
    if reply[0] == b"none":
        raise NoLedgerYet
    moment, balance, held, debt, entries, archived = map(int, reply[3:9])
    grants = {
        int(number): _LiveGrant(int(left), int(priority), from_ms(int(expires)) if expires else None, source.decode())
        for number, left, _, priority, expires, source in reply[1]
    }
    holds = {
        int(number): (int(amount), from_ms(int(end)), tokens_of([*map(int, parts)]))
        for number, amount, end, parts in reply[2]
    }
    return _Account(from_ms(moment), balance, held, debt, entries, archived, grants, holds)


def _find_last(user_id: str, at: datetime) -> int:
    """The number of the last entry that was written at this moment or before; 0 for none."""
    reply: list[Any] = find_transactions_script.read([keys.journal(user_id)], ["", to_ms(at) + 1, "", 1, ""])
    if reply[4:]:
        return transaction_of(reply[4]).id
    # Read after the store: entries archived in between are found here.
    rows = ArchivedEntry.objects.filter(user_id=user_id, at__lte=at).order_by("-entry")
    return rows.values_list("entry", flat=True).first() or 0


def _first_at(user_id: str, now: datetime | None) -> datetime | None:
    return next((entry.at for entry in iterate_oldest_first(user_id, 1, now=now)), None)


def _complete(replay: Replay, account: _Account) -> None:
    """Add what only the account, or the kind of the entry, tells of grants and holds."""
    for grant in replay.grants.values():
        live = account.grants.get(grant.id)
        if live:
            grant.source, grant.priority, grant.expires_at = live.source, live.priority, live.expires_at
            grant.never_expires = live.expires_at is None
        elif grant.source is None and grant.entry:
            grant.source = _SOURCES.get(grant.entry.type)
        if grant.priority is None:
            grant.priority = _PRIORITIES.get(grant.source or "")
        if grant.source == "adjustment":
            grant.never_expires = True
    for number, hold in replay.holds.items():
        if number in account.holds:
            hold.expires_at = account.holds[number][1]


def _prove(replay: Replay, last: int) -> None:
    """Report every sum that is not the balance."""
    balance, left = replay.balance, sum(grant.left for grant in replay.grants.values())
    if replay.last and replay.last.id != last:
        replay.report(f"entries {replay.last.id + 1} to {last} are missing")
    if replay.terms.sum != balance:
        replay.report(f"the balance is {balance}, what came less what went makes {replay.terms.sum}")
    if left - replay.debt != balance:
        replay.report(f"the balance is {balance}, its grants less its debt make {left - replay.debt}")
    if replay.debt and left:
        replay.report(f"there is a debt of {replay.debt} beside {left} tokens")
    held = sum(hold.amount for hold in replay.holds.values())
    if held != replay.terms.held:
        replay.report(f"{replay.terms.held} are held, the open holds make {held}")
    for grant in replay.grants.values():
        if grant.left != grant.terms.sum or grant.left < 0:
            replay.report(f"grant {grant.id} has {grant.left} left, its terms make {grant.terms.sum}")


def _compare(replay: Replay, account: _Account) -> None:
    """Report what differs from the account as it stands."""
    found = {"balance": replay.balance, "held": replay.terms.held, "debt": replay.debt}
    for name, value in found.items():
        if value != getattr(account, name):
            replay.report(f"the account's {name} is {getattr(account, name)}, the journal makes {value}")
    for number in sorted({*replay.grants, *account.grants}):
        live = account.grants[number].left if number in account.grants else 0
        left = replay.grants[number].left if number in replay.grants else 0
        if live != left:
            replay.report(f"grant {number} has {live} left in the account, the journal makes {left}")

    holds = {number: (hold.amount, dict(hold.parts)) for number, hold in replay.holds.items()}
    if holds != {number: (amount, dict(parts)) for number, (amount, _, parts) in account.holds.items()}:
        replay.report(f"the open holds are {sorted(account.holds)}, the journal makes {sorted(holds)}")


def _in_order(replay: Replay) -> Iterator[ExplainedGrant]:
    """Those with tokens by priority, then expiry, then age; then the others, newest first."""
    live = [grant for grant in replay.grants.values() if grant.left]

    def place(grant: ExplainedGrant) -> tuple[float, float, int]:
        priority = GIVEN if grant.priority is None else grant.priority
        return priority, grant.expires_at.timestamp() if grant.expires_at else _NEVER, grant.id

    for number, grant in enumerate(sorted(live, key=place), 1):
        grant.place = number
        yield grant
    yield from sorted((grant for grant in replay.grants.values() if not grant.left), key=lambda grant: -grant.id)
