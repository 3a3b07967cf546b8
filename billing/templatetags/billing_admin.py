"""The notice about the inbox on the admin's index page."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from billing.services.inbox import count_events
from billing.types import EventState
from kv.rest.permissions import may

register = template.Library()


@register.inclusion_tag("admin/billing/notice.html", takes_context=True)
def billing_notice(context: Context) -> dict[str, Any]:
    """The number of events that wait for somebody to act, for users who may see them."""
    request = context.get("request")
    if request is None or not may(request.user, "billing.view_stripeevent"):
        return {"stuck": ()}
    counts = count_events()
    stuck = [
        {"state": state.value, "count": counts[state]}
        for state in (EventState.PARKED, EventState.FAILED)
        if counts.get(state)
    ]
    return {"stuck": stuck}
