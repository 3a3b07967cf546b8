"""What was last read of a user from Stripe, the versions that order it, and the lock of a user's sync."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

import orjson

from billing import keys
from billing.errors import CustomerBusy
from billing.types import PaidPeriod, Payment, PendingChange, Plan, SubscriptionState, TopUp
from kv.process.threads import async_twin
from kv.store.connection import call, call_write
from kv.store.scripts import Script

_take = Script("billing", "take_version")
_write = Script("billing", "write_state")
_mark = Script("billing", "mark_applied")
_extend = Script("billing", "extend_user_lock")
_release = Script("billing", "release_user_lock")
_MOMENTS = {"period_start", "period_end", "paid_start", "paid_end", "cancel_at", "grace_until"}


def take_version(user_id: str) -> int:
    """The next version of a user.

    It is taken before reading from Stripe, so that the highest version has read last.
    """
    return int(_take.run([keys.version(user_id)]))


def write_state(user_id: str, state: SubscriptionState, topups: tuple[TopUp, ...], version: int) -> bool:
    """Store what was read as `version`, before it takes effect; False when a newer version is stored already."""
    packed = orjson.dumps([[one.session_id, one.tokens, one.paid, one.taken_back, one.frozen] for one in topups])
    return bool(_write.run([keys.subscription_state(user_id)], [version, _pack(state), packed]) == b"kept")


def mark_applied(user_id: str, version: int) -> None:
    """Note that this version has taken effect. Until then a resync finds a difference."""
    _mark.run([keys.subscription_state(user_id)], [version])


def read_state(user_id: str) -> SubscriptionState:
    """The state that was last read; the free plan for a user who never paid. Raises StoreUnavailable."""
    packed = call("HGET", keys.subscription_state(user_id), "standing")
    return unpack_state(packed) if packed else SubscriptionState()


aread_state = async_twin(read_state)


def read_applied(user_id: str) -> tuple[SubscriptionState, tuple[TopUp, ...]] | None:
    """The state that was last read, with the purchases; None when there is none, or not all of it took effect."""
    number, applied, packed, topups = call(
        "HMGET", keys.subscription_state(user_id), "observation", "applied", "standing", "topups"
    )
    if number is None or number != applied:
        return None
    return unpack_state(packed), tuple(TopUp(*row) for row in orjson.loads(topups))


def read_bought(user_id: str) -> dict[str, TopUp]:
    """Every purchase that was paid when last read and was not refused, by checkout session.

    Raises StoreUnavailable.
    """
    packed = call("HGET", keys.subscription_state(user_id), "topups")
    seen = [TopUp(*row) for row in orjson.loads(packed)] if packed else []
    return {one.session_id: one for one in seen if one.paid}


def forget_state(user_id: str) -> None:
    """Delete the state of a deleted user. Raises StoreUnavailable."""
    call_write("DEL", keys.subscription_state(user_id))


@contextmanager
def user_lock(user_id: str) -> Iterator[Callable[[], None]]:
    """Hold the lock of one user's sync; yields a check to call before each effect, which also extends the lock.

    Versions already keep an older plan from replacing a newer one. The lock does so for refunds and disputes, which
    have no version, and it keeps two processes from reading the same from Stripe at once.
    Raises CustomerBusy when another process holds the lock; so does the check when another one has taken it since.
    """
    token = secrets.token_hex(8)
    if call_write("SET", keys.lock(user_id), token, "NX", "PX", keys.LOCK_MS) is None:
        raise CustomerBusy(user_id)
    try:
        yield lambda: extend_user_lock(user_id, token)
    finally:
        release_user_lock(user_id, token)


def extend_user_lock(user_id: str, token: str) -> None:
    """Extend the lock to its full time. Raises CustomerBusy when it has expired: another process may hold it."""
    if _extend.run([keys.lock(user_id)], [token, keys.LOCK_MS]) == b"lost":
        raise CustomerBusy(user_id)


def release_user_lock(user_id: str, token: str) -> None:
    """Release the lock, unless it has expired: then another process may hold it."""
    _release.run([keys.lock(user_id)], [token])


def _pack(state: SubscriptionState) -> bytes:
    packed: dict[str, Any] = asdict(state)
    for name in _MOMENTS:
        packed[name] = _seconds(packed[name])
    if state.pending is not None:
        packed["pending"] = [state.pending.plan, _seconds(state.pending.at)]
    packed["periods"] = [
        [one.key, one.plan, _seconds(one.starts), _seconds(one.ends), one.is_paid] for one in state.periods
    ]
    packed["payments"] = [
        [one.id, _seconds(one.at), one.cents, one.currency, one.status, one.tokens] for one in state.payments
    ]
    # Beside the payments, whose length an older version expects.
    packed["paid_plans"] = {one.id: one.plan for one in state.payments if one.plan}
    return orjson.dumps({name: value for name, value in packed.items() if value not in (None, "", [], {})})


def unpack_state(packed: bytes) -> SubscriptionState:
    """The state in the field `standing` of a key."""
    data = orjson.loads(packed)
    known = {field.name for field in fields(SubscriptionState)}
    values: dict[str, Any] = {name: value for name, value in data.items() if name in known}
    for name in _MOMENTS & values.keys():
        values[name] = datetime.fromtimestamp(values[name], UTC)
    values["plan"] = Plan(values["plan"])
    values["periods"] = tuple(
        PaidPeriod(key, Plan(plan), datetime.fromtimestamp(starts, UTC), datetime.fromtimestamp(ends, UTC), is_paid)
        for key, plan, starts, ends, is_paid in data.get("periods", ())
    )
    paid_plans = data.get("paid_plans", {})
    values["payments"] = tuple(
        Payment(name, datetime.fromtimestamp(at, UTC), cents, currency, status, tokens, paid_plans.get(name, ""))
        for name, at, cents, currency, status, tokens in data.get("payments", ())
    )
    if "pending" in values:
        plan, at = values["pending"]
        values["pending"] = PendingChange(Plan(plan), datetime.fromtimestamp(at, UTC))
    return SubscriptionState(**values)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
