"""Tags of the billing app: the card with a user's plan, and amounts as money."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context

from billing.services import subscription_states
from billing.services.links import page_url
from billing.services.stripe_api import is_on
from kv.errors import StoreUnavailable
from kv.web.formats import format_money, format_number

register = template.Library()
register.filter("whole_number", format_number)


@register.filter
def money(offer: Any) -> str:
    """An offer's price as money in the active language."""
    return format_money(offer.amount_cents, offer.currency)


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
    return {
        "is_shown": True,
        "state": state,
        "portal": page_url("portal"),
        "pricing": page_url("pricing"),
    }
