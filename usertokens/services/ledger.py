"""Runs the scripts of the ledger: their keys, their common arguments and their common errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.utils import timezone

from kv.days import local_day
from kv.errors import StoreUnavailable
from kv.store.connection import Arg, call_write
from kv.store.numbers import LARGEST_WHOLE
from kv.store.scripts import Script
from kv.times import local_from_ms, to_ms
from usertokens import keys
from usertokens.conf import DEMO_USER, app_settings, mails_are_on
from usertokens.errors import (
    AccountClosed,
    AlreadyExpired,
    BalanceTooLarge,
    BudgetExceeded,
    IdempotencyConflict,
    InsufficientTokens,
)
from usertokens.services import event_flags
from usertokens.services.calendar import day_starts, is_utc, month_starts
from usertokens.signals import low_balance
from usertokens.types import Movement, budget_name

#: The highest priority, spent last: a higher one leaves no digits for the expiry in the score of the burn order.
LAST_PRIORITY = 999
_WITH_REQUIRED = 2

recall_answer_script = Script("usertokens", "recall_answer")
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


def recall(
    script: Script, user_id: str, body: Sequence[Arg], *, reason: str, key: str, actor: str, now: datetime | None
) -> list[Any] | None:
    """What the script answered first under an idempotency key; None: there is no answer. It does nothing else.

    For a call that can't be made any more, such as one by an action that was removed. Raises as `run`.
    """
    if not key:
        return None
    fingerprint = fingerprint_of(script.name, reason, *body)
    reply = read_answer(user_id, digest=digest_of(key, actor), fingerprint=fingerprint, now=now)
    return None if reply[0] == b"none" else reply


def read_answer(user_id: str, *, digest: bytes, fingerprint: bytes, now: datetime | None = None) -> list[Any]:
    """The first answer under the digest of an idempotency key, or {"none"}. Raises IdempotencyConflict."""
    common = common_args(user_id, now, digest=digest, fingerprint=fingerprint)
    return check_reply(user_id, recall_answer_script.run([*keys.ledger(user_id), *keys.weeks(user_id)], common))


def check_reply(user_id: str, reply: list[Any]) -> list[Any]:
    """The reply. Raises the error of a common refusal; sends `low_balance` first when the balance has fallen."""
    send_low_balance(user_id, reply)
    if reply[0] == b"over_budget":
        raise over_budget(reply)
    refusal = _REFUSALS.get(reply[0])
    if refusal is not None:
        raise refusal
    if event_flags.wants(*event_flags.OF_JOURNAL) and reply[1:2] == [b"new"]:
        event_flags.note_news(user_id)
    return reply


def over_budget(reply: list[Any]) -> BudgetExceeded:
    """The error of {"over_budget", action, period, limit, used, opens at}."""
    action, period = reply[1].decode(), reply[2].decode()
    limit, used, opens_at = (int(number) for number in reply[3:6])
    name = budget_name(action, period)
    return BudgetExceeded(name, action=action, period=period, limit=limit, used=used, opens_at=local_from_ms(opens_at))


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
        if not is_whole or number < least or (most is not None and number > most):  # type: ignore[operator] # it is an int here
            bounds = f"at least {least}" if most is None else f"{least} to {most}"
            raise ValueError(f"{name}: a whole number, {bounds}, is required, not {number!r}")


def movement(reply: list[Any], required: int = 0, action: str | None = None, quantity: int = 0) -> Movement:
    """Parse {"ok", status, entry, amount, balance, …} as a Movement of the action and quantity (None: of an amount).

    Raises InsufficientTokens for {"insufficient", balance[, required]}.
    """
    if reply[0] == b"insufficient":
        # Units beyond any balance may cost more than clients represent exactly.
        needed = min(int(reply[2]), LARGEST_WHOLE) if len(reply) > _WITH_REQUIRED else required
        raise InsufficientTokens(int(reply[1]), needed)
    is_repeat = reply[1] == b"repeated"
    entry, amount, balance = reply[2].decode(), int(reply[3]), int(reply[4])
    if action is None:
        return Movement(entry, amount, balance, is_repeat)
    return Movement(entry, amount, balance, is_repeat, action, quantity)


def send_low_balance(user_id: str, reply: list[Any]) -> None:
    """Remove {"low", balance}, {"crossed"} and {"reached"} from the end of a reply, where they are; note what they say.

    For the first it sends `low_balance`. Django logs an error of a receiver; the operation stays done.
    """
    if isinstance(reply[-1], list) and reply[-1][0] == b"reached":
        reply.pop()
        # The account has it in `reached` too.
        with suppress(StoreUnavailable):
            call_write("SADD", keys.reached(), user_id)
    if isinstance(reply[-1], list) and reply[-1][0] == b"crossed":
        reply.pop()
        # The account has it in `crossed` too: whoever watches accounts looks there from time to time.
        with suppress(StoreUnavailable):
            call_write("SADD", keys.crossed(), user_id)
    if isinstance(reply[-1], list) and reply[-1][0] == b"low":
        low_balance.send_robust(sender=None, user_id=user_id, balance=int(reply.pop()[1]))
        if mails_are_on() or event_flags.wants(event_flags.BALANCE_LOW):
            # The account has it in `fallen` too: a note that is lost here is found by the hourly walk.
            with suppress(StoreUnavailable):
                call_write("SADD", keys.fallen(), user_id)


def digest_of(key: str, actor: str = "") -> bytes:
    """What stands for an idempotency key of one caller, 12 bytes."""
    return hashlib.sha256(f"{actor}\0{key}".encode()).digest()[:12]


def fingerprint_of(*values: object) -> bytes:
    """A hash of an operation's input, 8 bytes."""
    return hashlib.sha256("\0".join(map(str, values)).encode()).digest()[:8]


def rules(user_id: str, now: datetime | None) -> str:
    """The rules of allowances and periods for the scripts, as JSON.

    The scripts can compute UTC's days and months. For another time zone the rules contain the starts of six months and
    of six days, enough for any difference between the clocks.
    """
    demo = _DEMO_TOKENS[bool(app_settings.DEBUG)] if user_id == DEMO_USER else None
    place = None if is_utc() else (local_day(now), timezone.get_default_timezone_name())
    return _rules(tuple(app_settings.PLAN_ALLOWANCES.items()), app_settings.ALLOWANCE_ROLLOVER_CAP, demo, place)


@lru_cache(maxsize=64)
def _rules(plans: tuple[tuple[str, int], ...], cap: int, demo: int | None, place: tuple[date, str] | None) -> str:
    """place: today, and the name of the site's time zone, by which days and months begin; None: UTC."""
    allowances = dict(plans)
    if demo is not None and plans:
        allowances[plans[0][0]] = demo
    # The first plan is the free one: its allowance is for users without a plan, or with one that exists no more.
    free = allowances[plans[0][0]] if plans else 0
    data: dict[str, Any] = {"plans": allowances, "free": free, "cap": cap}
    if place:
        today, _zone = place
        data["months"] = month_starts(today.replace(day=1))
        data["days"] = day_starts(today)
    return json.dumps(data, separators=(",", ":"))
