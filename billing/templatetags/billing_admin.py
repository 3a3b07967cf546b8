"""Of the admin: the notice about the inbox on its index, and the numbers of the page of revenue."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from billing.services.inbox import count_stuck
from billing.types import EventState
from billing.views.stripe_links import money
from kv.rest.permissions import may
from kv.web.formats import format_number

register = template.Library()


@register.filter
def money_of(amount: int, currency: str) -> str:
    """Minor units as money in the active language."""
    return money(amount, currency)


@register.filter
def number_of(number: int) -> str:
    """A whole number in the active language."""
    return format_number(number)


@register.filter
def may_stop_auto_topup(user: Any) -> bool:
    """Whether a member of staff may stop users' automatic top-up."""
    return may(user, "billing.stop_autotopup")


@register.inclusion_tag("admin/billing/notice.html", takes_context=True)
def billing_notice(context: Context) -> dict[str, Any]:
    """The number of events that wait for somebody to act, for users who may see them."""
    request = context.get("request")
    if request is None or not may(request.user, "billing.view_stripeevent"):
        return {"stuck": ()}
    counts = count_stuck()
    stuck = [
        {"state": state.value, "count": counts[state]}
        for state in (EventState.PARKED, EventState.FAILED)
        if counts.get(state)
    ]
    return {"stuck": stuck}
