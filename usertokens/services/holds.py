"""Holds: tokens reserved until it is known how many are needed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kv.process.threads import async_twin
from kv.store.connection import Arg
from kv.store.scripts import Script
from kv.times import from_ms
from usertokens import keys
from usertokens.errors import HoldEnded, HoldNotYours, HoldWithoutAction, UnknownHold
from usertokens.services import ledger
from usertokens.services.archive import was_hold
from usertokens.services.prices import all_prices, run_order
from usertokens.types import LARGEST_AMOUNT, Hold, Movement, OpenHold

#: The longest life of a hold, seconds.
LONGEST_HOLD = 86400
_MOST_DIGITS = 15
_WITH_ACTION = 6

hold_tokens_script = Script("usertokens", "hold_tokens")
capture_hold_script = Script("usertokens", "capture_hold")
release_hold_script = Script("usertokens", "release_hold")
list_holds_script = Script("usertokens", "list_holds")
find_capture_script = Script("usertokens", "find_capture")


def hold_tokens(
    user_id: str,
    amount: int | None = None,
    *,
    ttl_seconds: int,
    action: str | None = None,
    quantity: int = 1,
    reason: str = "",
    by_service: bool = False,
    key: str = "",
    actor: str = "",
    now: datetime | None = None,
) -> Hold:
    """Take tokens out of the balance until they are captured or released, or `ttl_seconds` (1–86400) have passed.

    amount: whole tokens, at least 1; or else
    action: a name of TOKEN_ACTIONS, and `quantity`, how many of its units are expected; a fraction of a token is held
            as a whole one. Without a `reason` the action is the reason.
    by_service: only a service may end it.
    Raises InsufficientTokens, BudgetExceeded, UnknownAction, IdempotencyConflict or AccountClosed, or ValueError for an
    invalid amount, quantity or life.
    """
    ledger.require_whole(1, LONGEST_HOLD, ttl_seconds=ttl_seconds)
    middle = (ttl_seconds * 1000, _creator(by_service=by_service))
    reply = run_order(
        hold_tokens_script, user_id, amount, action, quantity, middle=middle, reason=reason or action or "",
        key=key, actor=actor, now=now,
    )  # fmt: skip
    held = ledger.movement(reply, action=action, quantity=quantity)
    hold_id, expires_at = _hold_id(user_id, held.transaction_id), from_ms(int(reply[5]))
    return Hold(hold_id, held.amount, expires_at, held.balance, held.action, held.quantity)


ahold_tokens = async_twin(hold_tokens)


def capture_hold(
    user_id: str,
    hold_id: str,
    amount: int | None = None,
    *,
    quantity: int | None = None,
    by_service: bool = False,
    key: str = "",
    actor: str = "",
    now: datetime | None = None,
) -> Movement:
    """End a hold by spending what was really used; the rest returns to its grants, what goes over it is taken as well.

    amount:   whole tokens, at least 1; or else
    quantity: units of the hold's action, at their price of now. None for both: all of the hold, or its quantity.
    Raises UnknownHold, HoldEnded, HoldNotYours, HoldWithoutAction, IdempotencyConflict or AccountClosed, or ValueError
    for an amount or a quantity below 1 or for both; InsufficientTokens or BudgetExceeded when the balance
    or a budget has not what goes over the hold, whose `required` it is. After any of them the hold is as it was.
    """
    more, body = _used(amount, quantity)
    entry = _entry(user_id, hold_id)
    own = (entry, _creator(by_service=by_service))
    reply = ledger.run(capture_hold_script, user_id, (*own, *more), key=key, actor=actor, body=(*own, *body), now=now)
    return _check_ended(user_id, entry, reply)


acapture_hold = async_twin(capture_hold)


def capture_once(
    user_id: str,
    hold_id: str,
    amount: int | None = None,
    *,
    quantity: int | None = None,
    key: str,
    body: Sequence[Arg],
    now: datetime | None = None,
) -> Movement:
    """`capture_hold` under a key that belongs to `body`, not to one hold: of all its holds one is captured.

    A repeated key returns the first result, and leaves this hold as it is. Raises as `capture_hold`.
    """
    entry = _entry(user_id, hold_id)
    own = (entry, _creator(by_service=False), *_used(amount, quantity)[0])
    return _check_ended(user_id, entry, ledger.run(capture_hold_script, user_id, own, key=key, body=body, now=now))


def list_holds(user_id: str, *, now: datetime | None = None) -> tuple[OpenHold, ...]:
    """The user's open holds, oldest first. Raises AccountClosed."""
    reply = ledger.run(list_holds_script, user_id, now=now)
    rows = sorted(reply[1:], key=lambda row: int(row[0]))
    return tuple(
        OpenHold(
            id=_hold_id(user_id, entry.decode()),
            amount=int(amount),
            expires_at=from_ms(int(expires)),
            by_service=made_by == b"service",
            reason=reason.decode(),
        )
        for entry, amount, expires, made_by, reason in rows
    )


def find_capture(user_id: str, *, key: str, body: Sequence[Arg], now: datetime | None = None) -> Movement | None:
    """The result of `capture_once` under this key, None when there is none. Raises IdempotencyConflict."""
    common = ledger.common_args(
        user_id,
        now,
        digest=ledger.digest_of(key),
        fingerprint=ledger.fingerprint_of(capture_hold_script.name, "", *body),
    )
    names = [*keys.ledger(user_id), *keys.weeks(user_id)]
    reply = ledger.check_reply(user_id, find_capture_script.read(names, common))
    return None if reply[0] == b"none" else ledger.movement(reply)


def release_hold(
    user_id: str,
    hold_id: str,
    *,
    by_service: bool = False,
    key: str = "",
    actor: str = "",
    now: datetime | None = None,
) -> Movement:
    """End a hold by returning all of it to its grants.

    Raises UnknownHold, HoldEnded, HoldNotYours, IdempotencyConflict or AccountClosed.
    """
    own = (_entry(user_id, hold_id), _creator(by_service=by_service))
    return _check_ended(user_id, own[0], ledger.run(release_hold_script, user_id, own, key=key, actor=actor, now=now))


arelease_hold = async_twin(release_hold)


def _check_ended(user_id: str, entry: int, reply: list[Any]) -> Movement:
    status = reply[0]
    if status == b"archived":
        status = b"ended" if was_hold(user_id, entry) else b"unknown"
    if status == b"unknown":
        raise UnknownHold(entry)
    if status == b"ended":
        raise HoldEnded(entry)
    if status == b"not_yours":
        raise HoldNotYours(entry)
    if status == b"no_action":
        raise HoldWithoutAction(entry)
    if status == b"ok" and len(reply) > _WITH_ACTION:
        return ledger.movement(reply, action=reply[5].decode(), quantity=int(reply[6]))
    return ledger.movement(reply)


def _used(amount: int | None, quantity: int | None) -> tuple[tuple[Arg, ...], tuple[Arg, ...]]:
    """The ARGV of a capture behind those of holds.lua, and its input. Raises ValueError."""
    if quantity is not None:
        if amount is not None:
            raise ValueError("amount or quantity, not both")
        ledger.require_whole(1, LARGEST_AMOUNT, quantity=quantity)
        return ("", quantity, all_prices()), ("", "quantity", quantity)
    if amount is not None:
        ledger.require_whole(1, amount=amount)
    tokens = "" if amount is None else amount
    return (tokens, "", all_prices()), (tokens,)


def _creator(*, by_service: bool) -> str:
    return "service" if by_service else "user"


def holder_of(hold_id: str) -> str | None:
    """The user of a hold's id; None for a text that is no such id."""
    number, _, text = hold_id.partition("-")
    try:
        user_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
    is_number = number.isascii() and number.isdecimal() and len(number) <= _MOST_DIGITS
    return user_id if is_number and _hold_id(user_id, number) == hold_id else None


def _hold_id(user_id: str, entry: str) -> str:
    # It contains the user's id, so a service can end a hold by its id alone.
    return f"{entry}-{base64.urlsafe_b64encode(user_id.encode()).decode().rstrip('=')}"


def _entry(user_id: str, hold_id: str) -> int:
    """The number of the hold's entry. Raises UnknownHold for another user's id, and for a text that is no id."""
    if holder_of(hold_id) != user_id:
        raise UnknownHold(hold_id)
    return int(hold_id.partition("-")[0])
