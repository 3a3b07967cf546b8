"""Tags of the billing app: the card with a user's plan, and amounts as money."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.conf import app_settings
from billing.errors import StripeRefused, StripeUnavailable
from billing.services import auto_settings, subscription_states
from billing.services.catalogue import offer_of
from billing.services.links import page_url
from billing.services.stripe_api import is_on
from billing.types import Choice
from billing.views.addresses import read_choice
from kv.errors import StoreUnavailable
from kv.web.formats import format_money, format_number
from kv.web.links import app_url

#: So many payments are shown; the portal has all.
_SHOWN = 5

register = template.Library()
register.filter("whole_number", format_number)


@register.filter
def money(offer: Any) -> str:
    """An offer's price as money in the active language."""
    return format_money(offer.amount_cents, offer.currency)


@register.filter
def money_of(cents: int, thing: Any) -> str:
    """An amount as money in the active language. thing: what has the currency, such as an offer or a payment."""
    return format_money(cents, thing.currency)


@register.filter
def money_in(cents: int | None, currency: str) -> str:
    """An amount of a currency as money in the active language; None as nothing."""
    return format_money(cents or 0, currency)


@register.filter
def payment_url(payment: Any) -> str:
    """The page that leads on to the invoice or receipt at Stripe; "" in a project that includes the API only."""
    try:
        return app_url("billing:document", payment.id)
    except NoReverseMatch:
        return ""


@register.filter
def payment_status(status: str) -> str:
    """The status of a payment in the active language; Stripe's own word for a new one."""
    known = {
        "paid": _("paid"),
        "open": pgettext("payment", "open"),
        "refunded": _("refunded"),
        "partly_refunded": _("partly refunded"),
        "void": pgettext("payment", "void"),
        "uncollectible": _("not paid"),
    }
    return known.get(status, status)


@register.simple_tag
def billing_offers() -> dict[str, bool]:
    """Whether the site sells anything (`is_on`), and top-ups among it (`topups`): for buttons elsewhere."""
    return {"is_on": is_on(), "topups": is_on() and bool(app_settings.BILLING_TOPUPS)}


@register.inclusion_tag("billing/choice_note.html")
def billing_choice(target: str) -> dict[str, Any]:
    """What was chosen before a log-in that leads on to the payment. Empty for a log-in that leads elsewhere.

    target: where the log-in leads to, a path with its query.
    """
    choice = _choice_in(target)
    offer = None
    if choice is not None:
        with suppress(StripeUnavailable, StripeRefused):
            offer = offer_of(choice)
    return {"choice": choice, "offer": offer}


@register.simple_tag
def is_choice(target: str) -> bool:
    """Whether a log-in that leads to `target` leads on to a payment."""
    return _choice_in(target) is not None


@register.inclusion_tag("billing/card.html", takes_context=True)
def billing_card(context: Context) -> dict[str, Any]:
    """What the signed-in user pays for, planned changes, and a button to the portal.

    Empty for anonymous users, and where billing is not set up.
    """
    # The attribute is there without the context processor `request`.
    request: HttpRequest | None = context.get("request") or getattr(context, "request", None)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not is_on():
        return {"is_shown": False}
    try:
        state = subscription_states.read_state(str(user.pk))
    except StoreUnavailable:
        state = None
    payments = state.payments[:_SHOWN] if state is not None else ()
    return {
        "is_shown": True,
        "auto": auto_settings.read_auto_topup(str(user.pk)) if app_settings.BILLING_TOPUPS else None,
        "auto_page": page_url("auto_topup"),
        "card_page": page_url("auto_topup_card"),
        "confirm_page": page_url("auto_topup_confirm"),
        "off_page": page_url("auto_topup_off"),
        "state": state,
        "payments": payments,
        "portal": page_url("portal"),
        "pricing": page_url("pricing"),
    }


@register.inclusion_tag("billing/closing.html", takes_context=True)
def billing_closing(context: Context) -> dict[str, Any]:
    """What a user has paid for beyond today, before the account is closed. Empty where nothing is, or is not known."""
    state = billing_card(context).get("state")
    if state is None or not state.plan.rank or state.status != "active" or state.grace_until:
        return {"state": None}
    return {"state": state if state.period_end else None}


def _choice_in(target: str) -> Choice | None:
    """The choice that a path with its query carries to the payment."""
    parts = urlsplit(target or "")
    return read_choice(dict(parse_qsl(parts.query))) if parts.path == page_url("checkout") and is_on() else None
