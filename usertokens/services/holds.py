"""Holds: tokens reserved until it is known how many are needed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kv.store.connection import Arg
from kv.store.scripts import Script
from kv.threads import async_twin
from kv.times import from_ms
from usertokens import keys
from usertokens.errors import CaptureTooLarge, HoldEnded, HoldNotYours, InsufficientTokens, UnknownHold
from usertokens.services import ledger
from usertokens.services.archive import was_hold
from usertokens.types import Hold, Movement

#: The longest life of a hold, seconds.
LONGEST_HOLD = 86400
_MOST_DIGITS = 15

hold_tokens_script = Script("usertokens", "hold_tokens")
capture_hold_script = Script("usertokens", "capture_hold")
release_hold_script = Script("usertokens", "release_hold")
find_capture_script = Script("usertokens", "find_capture")


def hold_tokens(
    user_id: str,
    amount: int,
    *,
    ttl_seconds: int,
    reason: str = "",
    by_service: bool = False,
    key: str = "",
    actor: str = "",
    now: datetime | None = None,
) -> Hold:
    """Take tokens out of the balance until they are captured or released, or `ttl_seconds` (1–86400) have passed.

    by_service: only a service may end it.
    Raises InsufficientTokens, IdempotencyConflict or AccountClosed, or ValueError for an invalid amount or life.
    """
    ledger.require_whole(1, amount=amount)
    ledger.require_whole(1, LONGEST_HOLD, ttl_seconds=ttl_seconds)
    own = (amount, ttl_seconds * 1000, _creator(by_service=by_service))
    reply = ledger.run(hold_tokens_script, user_id, own, reason=reason, key=key, actor=actor, now=now)
    if reply[0] == b"insufficient":
        raise InsufficientTokens(int(reply[1]), amount)
    held = ledger.movement(reply)
    return Hold(_hold_id(user_id, held.transaction_id), held.amount, from_ms(int(reply[5])), held.balance)


ahold_tokens = async_twin(hold_tokens)


def capture_hold(
    user_id: str,
    hold_id: str,
    amount: int | None = None,
    *,
    by_service: bool = False,
    key: str = "",
    actor: str = "",
    now: datetime | None = None,
) -> Movement:
    """End a hold by spending `amount` of it (None: all); the rest returns to its grants.

    Raises UnknownHold, HoldEnded, HoldNotYours, CaptureTooLarge, IdempotencyConflict or AccountClosed, or ValueError
    for an amount below 1.
    """
    if amount is not None:
        ledger.require_whole(1, amount=amount)
    own = (_entry(user_id, hold_id), _creator(by_service=by_service), "" if amount is None else amount)
    return _check_ended(user_id, own[0], ledger.run(capture_hold_script, user_id, own, key=key, actor=actor, now=now))


acapture_hold = async_twin(capture_hold)


def capture_once(
    user_id: str, hold_id: str, amount: int, *, key: str, body: Sequence[Arg], now: datetime | None = None
) -> Movement:
    """`capture_hold` under a key that belongs to `body`, not to one hold: of all its holds one is captured.

    A repeated key returns the first result, and leaves this hold as it is. Raises as `capture_hold`.
    """
    own = (_entry(user_id, hold_id), _creator(by_service=False), amount)
    return _check_ended(user_id, own[0], ledger.run(capture_hold_script, user_id, own, key=key, body=body, now=now))


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
    if status == b"too_much":
        raise CaptureTooLarge(int(reply[1]))
    return ledger.movement(reply)


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
