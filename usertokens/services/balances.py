"""Spend, add, correct and give back tokens. Each call is one atomic script."""

from __future__ import annotations

from datetime import datetime

from kv.process.threads import async_twin
from kv.store.connection import Arg
from kv.store.numbers import LARGEST_WHOLE
from kv.store.scripts import Script
from kv.times import from_ms, to_ms
from usertokens import keys
from usertokens.conf import app_settings
from usertokens.errors import NotReversible, ReversedTooMuch, UnknownEntry
from usertokens.services import ledger
from usertokens.services.archive import archived_moment, archived_use
from usertokens.services.prices import run_order
from usertokens.types import GIVEN, Balance, Generation, Grant, Movement, Tokens

get_balance_script = Script("usertokens", "get_balance")
spend_tokens_script = Script("usertokens", "spend_tokens")
record_generation_script = Script("usertokens", "record_generation")
add_tokens_script = Script("usertokens", "add_tokens")
adjust_tokens_script = Script("usertokens", "adjust_tokens")
reverse_entry_script = Script("usertokens", "reverse_entry")
dismiss_low_balance_script = Script("usertokens", "dismiss_low_balance")


def get_balance(user_id: str, *, now: datetime | None = None) -> Balance:
    """The user's tokens and grants, in the order of spending. Does what is due first. Raises AccountClosed."""
    reply = ledger.run(get_balance_script, user_id, now=now)
    grants = tuple(
        Grant(
            int(id_), int(left), int(amount), int(priority), from_ms(int(expires)) if expires else None, source.decode()
        )
        for id_, left, amount, priority, expires, source in reply[7:]
    )
    return Balance(read_tokens(reply[1:7]), grants)


aget_balance = async_twin(get_balance)


def spend_tokens(
    user_id: str,
    amount: int | None = None,
    *,
    action: str | None = None,
    quantity: int = 1,
    reason: str = "",
    key: str = "",
    actor: str = "",
    now: datetime | None = None,
) -> Movement:
    """Take tokens from the user's grants in burn order, all or nothing.

    amount: whole tokens, at least 1; or else
    action: a name of TOKEN_ACTIONS, and `quantity` of its units, 1 to 10^12. What is less than a token is carried on
            exactly, so the movement's amount may be 0. Without a `reason` the action is the reason.
    key:    the caller's idempotency key; the same key with the same input returns the first result again.
            "": a new operation.
    actor:  the id of the user or service that acts for the user, "" for the user.
    Raises InsufficientTokens, BudgetExceeded, UnknownAction, IdempotencyConflict or AccountClosed, or ValueError for an
    invalid amount or quantity; then nothing was taken.
    """
    reply = run_order(
        spend_tokens_script, user_id, amount, action, quantity, reason=reason or action or "", key=key, actor=actor,
        now=now,
    )  # fmt: skip
    return ledger.movement(reply, action=action, quantity=quantity)


aspend_tokens = async_twin(spend_tokens)


def record_generation(
    user_id: str,
    cost: int | None = None,
    *,
    action: str | None = None,
    quantity: int = 1,
    reason: str = "generation",
    key: str = "",
    actor: str = "",
    now: datetime | None = None,
) -> Generation:
    """Take the tokens of one generation and count it, all or nothing.

    cost: whole tokens; None: what `quantity` of the `action` costs, as in `spend_tokens`; without one GENERATION_COST.
    Raises InsufficientTokens, BudgetExceeded, UnknownAction, IdempotencyConflict or AccountClosed, or ValueError for a
    cost or a quantity below 1; then nothing was taken or counted.
    """
    cost = app_settings.GENERATION_COST if cost is None and action is None else cost
    reply = run_order(
        record_generation_script, user_id, cost, action, quantity, name="cost", reason=reason, key=key, actor=actor,
        now=now,
    )  # fmt: skip
    moved = ledger.movement(reply, action=action, quantity=quantity)
    return Generation(moved, int(reply[5]))


arecord_generation = async_twin(record_generation)


def add_tokens(
    user_id: str,
    amount: int,
    *,
    reason: str,
    key: str = "",
    actor: str = "",
    expires_at: datetime | None = None,
    priority: int = GIVEN,
    now: datetime | None = None,
) -> Movement:
    """Grant tokens; debt is paid first.

    expires_at: None = never. priority: 0 to 999, lower is spent first.
    Raises BalanceTooLarge, AlreadyExpired, IdempotencyConflict or AccountClosed, or ValueError for an amount below 1.
    """
    ledger.require_whole(1, amount=amount)
    ledger.require_whole(0, ledger.LAST_PRIORITY, priority=priority)
    own = (amount, priority, to_ms(expires_at), "given", LARGEST_WHOLE)
    return ledger.movement(ledger.run(add_tokens_script, user_id, own, reason=reason, key=key, actor=actor, now=now))


aadd_tokens = async_twin(add_tokens)


def adjust_tokens(
    user_id: str, change: int, *, reason: str, actor: str, key: str = "", now: datetime | None = None
) -> Movement:
    """Correct a balance by hand, by a signed number of tokens, never below zero
    (shown by tests/usertokens/test_machine.py::test_thousands_of_steps_beside_the_model).

    Raises InsufficientTokens, BalanceTooLarge, IdempotencyConflict or AccountClosed, or ValueError for a change of 0.
    """
    ledger.require_whole(-LARGEST_WHOLE, change=change)
    if change == 0:
        raise ValueError("change: a number of tokens other than 0 is required")
    own = (change, GIVEN, LARGEST_WHOLE)
    reply = ledger.run(adjust_tokens_script, user_id, own, reason=reason, key=key, actor=actor, now=now)
    return ledger.movement(reply, -change)


aadjust_tokens = async_twin(adjust_tokens)


def reverse_entry(
    user_id: str,
    entry: int,
    amount: int | None = None,
    *,
    reason: str,
    key: str = "",
    actor: str = "",
    now: datetime | None = None,
) -> Movement:
    """Give back the tokens of a spend or a capture, to the grants that they came from. amount: None = all that is left.

    Raises UnknownEntry, NotReversible (also of an entry before a reset), ReversedTooMuch, IdempotencyConflict or
    AccountClosed, or ValueError for an amount below 1.
    """
    if amount is not None:
        ledger.require_whole(1, amount=amount)
    body = (entry, "" if amount is None else amount)
    more = [keys.reversed_entries(user_id)]

    def send(*archived: Arg) -> list[bytes]:
        return ledger.run(
            reverse_entry_script, user_id, (*body, *archived), reason=reason, key=key, actor=actor, body=body,
            more_keys=more, now=now
        )  # fmt: skip

    reply = send("")
    if reply[0] == b"archived":
        reply = send(archived_use(user_id, entry), *archived_moment(user_id, entry))
    if reply[0] == b"unknown":
        raise UnknownEntry(entry)
    if reply[0] == b"not_reversible":
        raise NotReversible(entry)
    if reply[0] == b"too_much":
        raise ReversedTooMuch(int(reply[1]))
    return ledger.movement(reply)


areverse_entry = async_twin(reverse_entry, uses_database=True)


def dismiss_low_balance(user_id: str) -> None:
    """Dismiss the note about a low balance; the next fall of the balance shows it again."""
    dismiss_low_balance_script.run([keys.account(user_id)])


adismiss_low_balance = async_twin(dismiss_low_balance)


def read_tokens(values: list[bytes]) -> Tokens:
    """Parse {balance, held, debt, allowance, starts (ms), ends (ms)}, as the scripts return them."""
    balance, held, debt, allowance, starts, ends = map(int, values)
    return Tokens(balance, held, debt, allowance, from_ms(starts), from_ms(ends))
