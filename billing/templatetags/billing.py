"""Tags of the billing app: the card with a user's plan, and amounts as money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, format_decimal, get_currency_precision
from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils.translation import get_language, to_locale

from billing.services import subscription_states
from billing.services.links import page_url
from billing.services.stripe_api import is_on
from kv.errors import StoreUnavailable

register = template.Library()


@register.filter
def money(offer: Any) -> str:
    """An offer's price as money in the active language."""
    # Stripe's smallest unit is the currency's own, so yen have no decimals.
    amount = Decimal(offer.amount_cents).scaleb(-get_currency_precision(offer.currency))
    return format_currency(amount, offer.currency, locale=_locale())


@register.filter
def whole_number(number: int) -> str:
    """A whole number in the digits and groups of the active language."""
    return format_decimal(number, locale=_locale())


@register.inclusion_tag("billing/card.html", takes_context=True)
def billing_card(context: Context) -> dict[str, Any]:
    """What the signed-in user pays for, what will change and when, and the way to the portal.

    Shows nothing to nobody, and where billing is not set up.
    """
    request: HttpRequest | None = context.get("request")
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not is_on():
        return {"is_shown": False}
    try:
        state = subscription_states.read_state(str(user.pk))
    except StoreUnavailable:
        state = None
    return {
        "is_shown": True,
        "state": state,
        "portal": page_url("portal"),
        "pricing": page_url("pricing"),
    }


def _locale() -> str:
    return to_locale(get_language() or "en")
