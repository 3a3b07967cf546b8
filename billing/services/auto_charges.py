"""The charges of automatic top-up, in the database: one for each fall, within the cap of the month, told once each.

What became of one is read from its payment at Stripe, never from an answer or an event: a lost answer, and an event
that comes late, twice or first, lead to the same. See docs/decisions/0083-automatic-top-up.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import Sum

from billing.models.automatic import OPEN_STATES, AutomaticCharge, AutoTopUp, ChargeState
from billing.services import auto_news
from billing.services.stripe_api import is_live
from billing.services.topups import AUTOMATIC
from billing.types import Offer
from kv.days import local_day
from kv.sql.transactions import atomic_for
from kv.times import utc_now

#: So many cards declined one after the other pause it.
DECLINES_TO_PAUSE = 3
#: A worker that dies leaves its charge for so long.
LEASE = timedelta(seconds=60)
#: A payment that waits for its owner is looked at so often, in case its event is lost.
LOOK_AGAIN = timedelta(hours=1)
#: States that count for the cap of their month: the money has moved, or still may.
_COUNTS = (*OPEN_STATES, ChargeState.SUCCEEDED)


def has_automatic(user_id: str) -> bool:
    """Whether a user has, or may have had, automatic payments."""
    return AutoTopUp.objects.filter(user_id=user_id).exists()


def find_open(user_id: str) -> AutomaticCharge | None:
    """The charge of a user whose money may still move, in the present mode (test or live); there is one at most."""
    rows = AutomaticCharge.objects.filter(user_id=user_id, state__in=OPEN_STATES, livemode=is_live())
    return rows.order_by("pk").first()


def charged_in(user_id: str, month: date, *, apart_from: int | None = None) -> int:
    """The cents of a user that count for the cap of a month, also those of other currencies.

    apart_from: the key of a charge that is left out.
    """
    rows = AutomaticCharge.objects.filter(user_id=user_id, month=month, state__in=_COUNTS, livemode=is_live())
    if apart_from is not None:
        rows = rows.exclude(pk=apart_from)
    return int(rows.aggregate(sum=Sum("cents"))["sum"] or 0)


def begin_charge(user_id: str, fall: str, fell_at: datetime, offer: Offer, now: datetime) -> AutomaticCharge | None:
    """Write the charge of one fall before any money moves; None when it was switched off or another is open.

    Over the cap of the month it is written too, as what it is. The settings' row is locked: of two processes one waits,
    and finds the other's charge.
    """
    with atomic_for(AutomaticCharge):
        row = AutoTopUp.objects.select_for_update().filter(user_id=user_id).first()
        known = AutomaticCharge.objects.filter(user_id=user_id, fall=fall).first()
        if known is not None:
            return known
        if row is None or not is_ready(row) or find_open(user_id) is not None:
            return None
        month = local_day(now).replace(day=1)
        is_over = charged_in(user_id, month) + offer.amount_cents > (row.monthly_cap or 0)
        values: dict[str, Any] = {
            "fell_at": fell_at,
            "state": ChargeState.CAPPED.value if is_over else ChargeState.CHARGING.value,
            "tokens": offer.tokens,
            "cents": offer.amount_cents,
            "currency": offer.currency,
            "month": month,
            "livemode": row.livemode,
            "customer_id": row.customer_id,
            "payment_method": row.payment_method,
            "made_at": now,
            "due_at": None if is_over else now,
            "done_at": now if is_over else None,
        }
        try:
            with atomic_for(AutomaticCharge):
                charge = AutomaticCharge.objects.create(user_id=user_id, fall=fall, **values)
        except IntegrityError:  # on a database without locks of rows
            return AutomaticCharge.objects.get(user_id=user_id, fall=fall)
        if is_over:
            auto_news.tell(charge, row, now)
        return charge


def is_ready(row: AutoTopUp) -> bool:
    """Whether a fall is charged now."""
    return row.is_on and row.paused_at is None and has_card(row)


def has_card(row: AutoTopUp) -> bool:
    """Whether a card is saved that can be charged in the present mode (test or live)."""
    return bool(row.payment_method) and row.livemode == is_live()


def claim_charge(charge: AutomaticCharge, now: datetime) -> bool:
    """Take a charge for a while; False when another process has, or it is over. Of two only one gets it."""
    mine = AutomaticCharge.objects.filter(pk=charge.pk, due_at=charge.due_at, state__in=OPEN_STATES)
    until = now + (LEASE if charge.state == ChargeState.CHARGING else LOOK_AGAIN)
    if not mine.update(due_at=until, attempts=charge.attempts + 1):
        return False
    charge.due_at, charge.attempts = until, charge.attempts + 1
    return True


def keep_intent(charge: AutomaticCharge, intent_id: str) -> bool:
    """Note the payment of a charge before it is confirmed. False where it is not to be: the charge is gone or over.

    Also when another process has taken it: this one was frozen for longer than its lease. Who is frozen for a day comes
    with a second payment, since Stripe has forgotten the key then.
    """
    mine = AutomaticCharge.objects.filter(pk=charge.pk, state__in=OPEN_STATES, due_at=charge.due_at)
    kept = mine.update(intent_id=intent_id)
    charge.intent_id = intent_id
    return bool(kept)


def fits_cap(charge: AutomaticCharge, now: datetime) -> bool:
    """Whether the cap of the present month, as it is now, allows a charge that was begun before.

    One that was begun in an earlier month counts for this one.
    """
    month = local_day(now).replace(day=1)
    with atomic_for(AutomaticCharge):
        row = AutoTopUp.objects.select_for_update().filter(user_id=charge.user_id).first()
        used = charged_in(str(charge.user_id), month, apart_from=charge.pk)
        if row is None or used + charge.cents > (row.monthly_cap or 0):
            return False
        if month != charge.month:
            AutomaticCharge.objects.filter(pk=charge.pk).update(month=month)
            charge.month = month
    return True


def note_outcomes(user_id: str, intents: Iterable[dict[str, Any]], now: datetime | None = None) -> None:
    """Note what became of a user's charges, by their payments as Stripe has them now; once for each."""
    by_fall: dict[str, list[dict[str, Any]]] = {}
    for one in intents:
        by_fall.setdefault(str(one["metadata"][AUTOMATIC]), []).append(one)
    if not by_fall:
        return
    # Also of those that are over: what is paid after all counts.
    rows = AutomaticCharge.objects.filter(user_id=user_id, fall__in=by_fall).exclude(state=ChargeState.SUCCEEDED)
    for charge in rows:
        for intent in by_fall[charge.fall]:
            # A request whose answer was lost may have left another one, which is never confirmed.
            if intent["status"] == "succeeded" or str(intent["id"]) == charge.intent_id:
                state, error = outcome_of(intent)
                if state is not None:
                    end_charge(charge, state, error, now=now or utc_now())


def outcome_of(intent: dict[str, Any]) -> tuple[ChargeState | None, str]:
    """What a payment's state is to its charge, with Stripe's code of an error; None while nothing is decided."""
    status = intent["status"]
    if status == "requires_payment_method":
        error = intent.get("last_payment_error") or {}
        code = str(error.get("decline_code") or error.get("code") or "")
        if not error:
            return None, ""
        return (ChargeState.ACTION if error.get("code") == "authentication_required" else ChargeState.DECLINED), code
    decided = {
        "succeeded": ChargeState.SUCCEEDED,
        "requires_action": ChargeState.ACTION,
        "canceled": ChargeState.CANCELED,
    }
    return decided.get(status), ""


def end_charge(charge: AutomaticCharge, state: ChargeState, error: str = "", *, now: datetime) -> bool:
    """Move a charge to a state, with all that follows, in one transaction; False when it had moved there before."""
    with atomic_for(AutomaticCharge):
        row = AutoTopUp.objects.select_for_update().filter(user_id=charge.user_id).first()
        may_move = AutomaticCharge.objects.filter(pk=charge.pk).exclude(state__in=(state, ChargeState.SUCCEEDED))
        if state != ChargeState.SUCCEEDED:
            may_move = may_move.filter(state__in=OPEN_STATES)
        is_open = state == ChargeState.ACTION
        moved = may_move.update(
            state=state.value,
            error=error[:100],
            due_at=now + LOOK_AGAIN if is_open else None,
            done_at=None if is_open else now,
        )
        if not moved:
            return False
        charge.refresh_from_db()
        if row is not None:
            _follow(row, charge, now)
        auto_news.tell(charge, row, now)
    return True


def _follow(row: AutoTopUp, charge: AutomaticCharge, now: datetime) -> None:
    """What the outcome of a charge changes in the settings."""
    if charge.state == ChargeState.ACTION:
        row.action_intent = charge.intent_id
    elif row.action_intent == charge.intent_id:
        row.action_intent = ""
    if charge.state == ChargeState.SUCCEEDED:
        row.declines = 0
    elif charge.state == ChargeState.DECLINED:
        row.declines += 1
        if row.declines >= DECLINES_TO_PAUSE and row.is_on and row.paused_at is None:
            row.paused_at = now
    row.save(update_fields=["action_intent", "declines", "paused_at"])
