"""Automatic top-up switched off: in one step, without Stripe, and also while the store is away."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from billing.models.automatic import OPEN_STATES, AutomaticCharge, AutoTopUp, OffReason
from billing.services import auto_news
from kv.errors import StoreUnavailable
from kv.process.lazy import LazyModule
from kv.sql.transactions import atomic_for
from kv.times import utc_now
from usertokens.errors import AccountClosed

if TYPE_CHECKING:
    from usertokens.services import watches
else:
    # With the first one who switches it off.
    watches = LazyModule("usertokens.services.watches")


def switch_off(user_id: str, reason: str = "", *, now: datetime | None = None) -> bool:
    """Switch it off; False when it was off. A payment that waits, or was not begun yet, is canceled by the worker.

    reason: of `OffReason`, where it is not the user who does. What staff have stopped stays stopped.
    """
    now = now or utc_now()
    with atomic_for(AutoTopUp):
        row = AutoTopUp.objects.select_for_update().filter(user_id=user_id).first()
        if row is None:
            return False
        was_on = row.is_on
        if row.off_reason != OffReason.STAFF:
            row.off_reason = reason or ("" if was_on else row.off_reason)
        row.is_on, row.paused_at, row.declines, row.changed_at = False, None, 0, now
        row.save()
        AutomaticCharge.objects.filter(user_id=user_id, state__in=OPEN_STATES).update(due_at=now)
    # A threshold that stays in the store does no harm: a fall to it finds that it is off.
    with suppress(StoreUnavailable, AccountClosed):
        watches.watch_balance(user_id, None, now=now)
    return was_on


def stop_by_staff(user_id: str, *, now: datetime | None = None) -> None:
    """Switch it off for good, and tell the user: only staff let the user switch it on again.

    A user who has not set it up can't do so then, and is told nothing.
    """
    row, _ = AutoTopUp.objects.get_or_create(user_id=user_id, defaults={"changed_at": now or utc_now()})
    if switch_off(user_id, OffReason.STAFF, now=now):
        auto_news.tell_off(row, OffReason.STAFF, now or utc_now())


def allow_again(user_id: str) -> None:
    """Let a user whom staff had stopped switch it on again."""
    AutoTopUp.objects.filter(user_id=user_id, off_reason=OffReason.STAFF).update(off_reason="")
