"""What is told of automatic top-up: a mail to the user, and an event to whoever receives events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from billing.conf import app_settings
from billing.models.automatic import AutomaticCharge, AutoTopUp, ChargeState, OffReason
from billing.services.links import page_url
from kv.events import emit
from kv.times import to_ms
from usertokens.services import mails

_EVENTS = {
    ChargeState.SUCCEEDED: "topup.automatic.succeeded",
    ChargeState.DECLINED: "topup.automatic.failed",
    ChargeState.FAILED: "topup.automatic.failed",
    ChargeState.CAPPED: "topup.automatic.failed",
    ChargeState.ACTION: "topup.automatic.action_required",
}
#: The kind of mail of everything here; see letters.py.
KIND = "automatic_topup"


def tell(charge: AutomaticCharge, row: AutoTopUp | None, now: datetime) -> None:
    """Tell what became of a charge, once for each of its states, in the caller's transaction.

    A payment has its receipt, and one that the user's own step has canceled needs no mail.
    """
    what = _what(charge, row)
    name = f"{charge.user_id}:{charge.fall.replace(' ', '-')}"
    if kind := _EVENTS.get(ChargeState(charge.state)):
        emit(kind, _event(charge, what), key=f"{name}:{charge.state}", at=now)
    if what:
        # Of the cap once a month, since further falls of it are no news.
        key = f"{charge.user_id}:{charge.month:%Y-%m}:capped" if what == "capped" else f"{name}:{what}"
        mails.queue_mail(str(charge.user_id), KIND, key, _data(charge) | {"what": what, "at": to_ms(now)}, now=now)


def tell_off(row: AutoTopUp, reason: OffReason, now: datetime) -> None:
    """Tell that it was switched off, and not by the user."""
    key = f"{row.user_id}:{to_ms(now)}:{reason.value}"
    mails.queue_mail(str(row.user_id), KIND, key, {"what": reason.value, "at": to_ms(now)}, now=now)


def tell_card_gone(row: AutoTopUp, now: datetime) -> None:
    """Tell that the saved card is not there any more. Once for each card."""
    key = f"{row.user_id}:{row.card_session}:no_card"
    mails.queue_mail(str(row.user_id), KIND, key, {"what": "no_card", "at": to_ms(now)}, now=now)


def _what(charge: AutomaticCharge, row: AutoTopUp | None) -> str:
    if charge.state == ChargeState.DECLINED and row is not None and row.paused_at is not None:
        return "paused"
    known = {
        ChargeState.ACTION: "action",
        ChargeState.DECLINED: "declined",
        ChargeState.FAILED: "failed",
        ChargeState.CAPPED: "capped",
    }
    return known.get(ChargeState(charge.state), "")


def _event(charge: AutomaticCharge, what: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "user_id": str(charge.user_id),
        "tokens": charge.tokens,
        "amount_cents": charge.cents,
        "currency": charge.currency,
        "payment": charge.intent_id,
    }
    if charge.state == ChargeState.ACTION:
        data["action_url"] = confirm_address()
    elif charge.state != ChargeState.SUCCEEDED:
        data |= {"reason": charge.error or charge.state, "paused": what == "paused"}
    return data


def confirm_address() -> str | None:
    """The address of the page that finishes a payment; None in a project without the pages, or without SITE_URL."""
    path = page_url("auto_topup_confirm")
    return app_settings.SITE_URL.rstrip("/") + path if app_settings.SITE_URL and path != "/" else None


def _data(charge: AutomaticCharge) -> dict[str, Any]:
    return {
        "charge": charge.pk,
        "tokens": charge.tokens,
        "cents": charge.cents,
        "currency": charge.currency,
    }
