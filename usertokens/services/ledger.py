"""Runs the scripts of the ledger: their keys, their common arguments and their common errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from kv.days import local_day
from kv.store.connection import Arg
from kv.store.scripts import Script
from kv.times import to_ms
from usertokens import keys
from usertokens.conf import DEMO_USER, app_settings
from usertokens.errors import AccountClosed, AlreadyExpired, BalanceTooLarge, IdempotencyConflict, InsufficientTokens
from usertokens.services.calendar import is_utc, month_starts
from usertokens.signals import low_balance
from usertokens.types import Movement

#: The highest priority, spent last: a higher one leaves no digits for the expiry in the score of the burn order.
LAST_PRIORITY = 999
#: The demo account's allowance, by DEBUG.
_DEMO_TOKENS = {True: 1000, False: 100}


def run(
    script: Script,
    user_id: str,
    own: Sequence[Arg] = (),
    *,
    reason: str = "",
    key: str = "",
    actor: str = "",
    body: Sequence[Arg] | None = None,
    more_keys: Sequence[str] | None = None,
    now: datetime | None = None,
) -> list[Any]:
    """Run a script of the ledger; return its reply, which begins with "ok" or with a status of the script's own.

    own:       the script's own ARGV, from the ninth on.
    key:       the idempotency key, "" for none; one caller's keys (`actor`) are not another's.
    body:      the input that must be the same under the same key; None: `own`.
    more_keys: the script's own KEYS, after those of the idempotency keys' weeks.
    Raises AccountClosed, IdempotencyConflict, BalanceTooLarge, AlreadyExpired, StoreUnavailable.
    """
    names = keys.ledger(user_id)
    digest = fingerprint = b""
    if key:
        digest = digest_of(key, actor)
        fingerprint = fingerprint_of(script.name, reason, *(own if body is None else body))
    if key or more_keys is not None:
        names += keys.weeks(user_id)
    if more_keys is not None:
        names += more_keys
    common = common_args(user_id, now, digest=digest, fingerprint=fingerprint, reason=reason, key=key, actor=actor)
    return check_reply(user_id, script.run(names, [*common, *own]))


def check_reply(user_id: str, reply: list[Any]) -> list[Any]:
    """The reply. Raises the error of a common refusal; sends `low_balance` first when the balance has fallen."""
    send_low_balance(user_id, reply)
    refusal = _REFUSALS.get(reply[0])
    if refusal is not None:
        raise refusal
    return reply


_REFUSALS: dict[bytes, type[Exception]] = {
    b"closed": AccountClosed,
    b"conflict": IdempotencyConflict,
    b"too_large": BalanceTooLarge,
    b"expired": AlreadyExpired,
}


def common_args(
    user_id: str,
    now: datetime | None = None,
    *,
    digest: bytes = b"",
    fingerprint: bytes = b"",
    reason: str = "",
    key: str = "",
    actor: str = "",
) -> list[Arg]:
    """The eight arguments with which every script of the ledger begins, in the order of lua/ledger.lua.

    digest:      of the idempotency key, b"" for none: then nothing is remembered under it.
    fingerprint: of the input; see `fingerprint_of`.
    reason, key, actor: what the journal keeps.
    """
    return [to_ms(now), app_settings.LOW_BALANCE, rules(user_id, now), digest, fingerprint, reason, key, actor]


def require_whole(least: int, most: int | None = None, /, **numbers: object) -> None:
    """Raise ValueError, naming the argument, unless each is a whole number from `least` to `most` (None: no bound).

    The scripts do not check: a spend of -5 would add five tokens.
    """
    for name, number in numbers.items():
        is_whole = isinstance(number, int) and not isinstance(number, bool)
        if not is_whole or number < least or (most is not None and number > most):  # type: ignore[operator]
            bounds = f"at least {least}" if most is None else f"{least} to {most}"
            raise ValueError(f"{name}: a whole number, {bounds}, is required, not {number!r}")


def movement(reply: list[Any], required: int = 0) -> Movement:
    """Parse {"ok", status, entry, amount, balance, …} as a Movement.

    Raises InsufficientTokens for {"insufficient", balance}.
    """
    if reply[0] == b"insufficient":
        raise InsufficientTokens(int(reply[1]), required)
    return Movement(reply[2].decode(), int(reply[3]), int(reply[4]), repeated=reply[1] == b"repeated")


def send_low_balance(user_id: str, reply: list[Any]) -> None:
    """Remove {"low", balance} from the end of a reply, if it is there, and send `low_balance`.

    Django logs an error of a receiver; the operation stays done.
    """
    if isinstance(reply[-1], list) and reply[-1][0] == b"low":
        low_balance.send_robust(sender=None, user_id=user_id, balance=int(reply.pop()[1]))


def digest_of(key: str, actor: str = "") -> bytes:
    """What stands for an idempotency key of one caller, 12 bytes."""
    return hashlib.sha256(f"{actor}\0{key}".encode()).digest()[:12]


def fingerprint_of(*values: object) -> bytes:
    """A hash of an operation's input, 8 bytes."""
    return hashlib.sha256("\0".join(map(str, values)).encode()).digest()[:8]


def rules(user_id: str, now: datetime | None) -> str:
    """The rules of allowances for the scripts, as JSON.

    The scripts can compute UTC's months. For another time zone the rules contain six months' starts, enough for any
    difference between the clocks.
    """
    demo = _DEMO_TOKENS[bool(app_settings.DEBUG)] if user_id == DEMO_USER else None
    months = () if is_utc() else month_starts(local_day(now).replace(day=1))
    return _rules(tuple(app_settings.PLAN_ALLOWANCES.items()), app_settings.ALLOWANCE_ROLLOVER_CAP, demo, months)


@lru_cache(maxsize=64)
def _rules(plans: tuple[tuple[str, int], ...], cap: int, demo: int | None, months: tuple[int, ...]) -> str:
    allowances = dict(plans)
    if demo is not None and plans:
        allowances[plans[0][0]] = demo
    # The first plan is the free one: its allowance is for users without a plan, or with one that exists no more.
    free = allowances[plans[0][0]] if plans else 0
    data: dict[str, Any] = {"plans": allowances, "free": free, "cap": cap}
    if months:
        data["months"] = months
    return json.dumps(data, separators=(",", ":"))
