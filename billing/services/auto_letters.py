"""The mails about automatic top-up: a card that is declined, a payment to confirm, and why it stopped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from billing.conf import app_settings
from billing.models.automatic import AutomaticCharge, AutoTopUp, ChargeState, OffReason
from billing.services.auto_news import KIND
from billing.services.links import page_url
from billing.services.stripe_api import is_on
from kv.web.formats import format_money, format_number
from usertokens.services.letter_parts import absolute, dashboard_link
from usertokens.types import Letter, MailKind

Data = Mapping[str, Any]


def _check(user_id: str, data: Data, now: datetime) -> Data | None:
    """The data, or None when it is not so any more: it was confirmed, or goes on."""
    what = data["what"]
    row = AutoTopUp.objects.filter(user_id=user_id).first()
    if row is None:
        return None
    if what == "action":
        is_open = AutomaticCharge.objects.filter(pk=data["charge"], state=ChargeState.ACTION).exists()
        return data if is_open and row.is_on else None
    holds = {
        "declined": row.is_on,
        "failed": row.is_on,
        "capped": row.is_on,
        "paused": row.paused_at is not None,
        "no_card": row.is_on and not row.payment_method,
        OffReason.DISPUTED.value: not row.is_on,
        OffReason.STAFF.value: not row.is_on,
    }
    return data if holds[what] else None


def _write(data: Data) -> Letter:
    subject, paragraphs, action = _TEXTS[data["what"]]()
    facts: tuple[tuple[str, str], ...] = ()
    if "tokens" in data:
        count = format_number(data["tokens"])
        facts = (
            (gettext("For"), ngettext("one token", "%(count)s tokens", data["tokens"]) % {"count": count}),
            (gettext("Amount"), format_money(data["cents"], data["currency"])),
        )
    return Letter(subject=subject, paragraphs=paragraphs, facts=facts, action=action)


def _link(label: str, name: str) -> tuple[str, str]:
    path = page_url(name)
    return (label, absolute(path)) if path != "/" else dashboard_link()


def _settings() -> tuple[str, str]:
    return _link(gettext("Automatic top-up"), "auto_topup")


def _declined() -> Any:
    return (
        gettext("Automatic top-up: your card was declined"),
        (
            gettext("Your balance has fallen to your threshold, but your bank declined the payment."),
            gettext("Check the card with your bank, or save another one. Until then you can top up by yourself."),
        ),
        _settings(),
    )


def _paused() -> Any:
    return (
        gettext("Automatic top-up is paused"),
        (
            gettext("Your card was declined three times in a row, so nothing is charged automatically any more."),
            gettext("Save another card to go on."),
        ),
        _settings(),
    )


def _action() -> Any:
    return (
        gettext("Automatic top-up: please confirm the payment"),
        (
            gettext("Your balance has fallen to your threshold. Your bank wants you to confirm this payment."),
            gettext("Nothing is charged before you do. Your tokens come right after it."),
        ),
        _link(gettext("Confirm the payment"), "auto_topup_confirm"),
    )


def _failed() -> Any:
    return (
        gettext("Automatic top-up failed"),
        (
            gettext("Your balance has fallen to your threshold, but the payment failed. Nothing was charged."),
            gettext("You can top up by yourself meanwhile."),
        ),
        _settings(),
    )


def _capped() -> Any:
    return (
        gettext("Automatic top-up: your monthly limit is reached"),
        (
            gettext("Your balance has fallen to your threshold, but one more top-up would exceed this month’s limit."),
            gettext("Nothing is charged automatically before next month, unless you raise the limit."),
        ),
        _settings(),
    )


def _no_card() -> Any:
    return (
        gettext("Automatic top-up: your card is missing"),
        (
            gettext("The card you saved has been removed, so nothing can be charged automatically."),
            gettext("Save another card to go on."),
        ),
        _settings(),
    )


def _disputed() -> Any:
    return (
        gettext("Automatic top-up is switched off"),
        (
            gettext("One of your payments is disputed at your bank, so nothing is charged automatically."),
            gettext("You can switch it on again when the dispute is over."),
        ),
        _settings(),
    )


def _stopped() -> Any:
    return (
        gettext("Automatic top-up is switched off"),
        (gettext("We have switched it off, so nothing is charged automatically. Ask us if you want to know why."),),
        _settings(),
    )


_TEXTS = {
    "declined": _declined,
    "paused": _paused,
    "action": _action,
    "failed": _failed,
    "capped": _capped,
    "no_card": _no_card,
    OffReason.DISPUTED.value: _disputed,
    OffReason.STAFF.value: _stopped,
}
AUTOMATIC = MailKind(
    KIND, _("Automatic top-up"), _("When a card is declined, a payment needs your confirmation, or it stops."),
    _check, _write, is_offered=lambda: is_on() and bool(app_settings.BILLING_TOPUPS),
)  # fmt: skip
