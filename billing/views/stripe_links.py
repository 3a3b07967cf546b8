"""Stripe's own words and pages, for staff."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

from django.utils.translation import pgettext_lazy

from billing.errors import BillingOff, StripeRefused, StripeUnavailable
from billing.models.automatic import AutoTopUp
from billing.services.auto_settings import AutoStatus
from billing.services.catalogue import offer_of
from billing.types import Choice
from kv.web.formats import format_money, format_number

_AS_HUNDREDTHS = ("ISK", "UGX")
_STATUSES = {
    "active": pgettext_lazy("subscription", "active"),
    "trialing": pgettext_lazy("subscription", "trial"),
    "past_due": pgettext_lazy("subscription", "unpaid"),
    "unpaid": pgettext_lazy("subscription", "unpaid"),
    "canceled": pgettext_lazy("subscription", "ended"),
    "paused": pgettext_lazy("subscription", "paused"),
    "incomplete": pgettext_lazy("subscription", "first payment is missing"),
    "incomplete_expired": pgettext_lazy("subscription", "first payment never came"),
}

_AUTO_STATUSES = {
    AutoStatus.OFF: pgettext_lazy("automatic top-up", "off"),
    AutoStatus.READY: pgettext_lazy("automatic top-up", "on"),
    AutoStatus.NEEDS_CARD: pgettext_lazy("automatic top-up", "needs a card"),
    AutoStatus.NEEDS_ACTION: pgettext_lazy("automatic top-up", "needs a confirmation"),
    AutoStatus.PAUSED: pgettext_lazy("automatic top-up", "paused"),
}


def stripe_link(kind: str, object_id: str | None, *, livemode: bool) -> str:
    """The page of an object in Stripe's dashboard; "" without an id."""
    mode = "" if livemode else "test/"
    return f"https://dashboard.stripe.com/{mode}{kind}/{quote(object_id, safe='')}" if object_id else ""


def money(amount: int, currency: str) -> str:
    """An amount as Stripe sends it, as money in the active language.

    ISK and UGX have no smaller unit any more, but Stripe goes on sending hundredths of them.
    """
    return format_money(round(amount / 100) if currency.upper() in _AS_HUNDREDTHS else amount, currency)


def auto_status_name(status: AutoStatus) -> str:
    """What the automatic top-up of a user does, in the active language."""
    return str(_AUTO_STATUSES[status])


def money_of_package(row: AutoTopUp) -> str:
    """The cap of a user's automatic top-up as money; "–" without one."""
    if row.monthly_cap is None:
        return "–"
    with suppress(StripeUnavailable, StripeRefused, BillingOff):
        offer = offer_of(Choice(tokens=row.tokens or 0))
        if offer is not None:
            return format_money(row.monthly_cap, offer.currency)
    return format_number(row.monthly_cap / 100, 2)


def status_name(status: str | None) -> str:
    """A subscription's status in the active language; one that is new is shown as Stripe spells it."""
    return str(_STATUSES.get(status or "", status or pgettext_lazy("subscription", "none")))
