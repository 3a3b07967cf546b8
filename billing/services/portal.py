"""Stripe's portal: its front page, and its page that asks to confirm one change of the plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from logging import getLogger
from typing import Any

from billing.errors import StripeRefused, UnknownPlan
from billing.services import catalogue
from billing.services.periods import product_of
from billing.services.plans import plan_of
from billing.services.stripe_api import client, fetch, require_on
from billing.types import Addresses, Plan, SubscriptionState

log = getLogger(__name__)

#: Stripe names these languages as this site does.
LOCALES = ("en", "fr", "de", "es")
#: Days of an interval, to compare prices.
_DAYS = {"month": 30, "year": 365}


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A change of the plan that the portal is to confirm.

    is_downgrade: to a lower plan, or from the year to the month: it is explained first.
    at:          when it takes effect; None for at once.
    is_credited: whether the rest of the present period is credited, for a change at once.
    is_known:    False when the portal's settings could not be read: then only the portal says when.
    """

    plan: Plan
    interval: str
    before: Plan
    is_downgrade: bool
    at: datetime | None = None
    is_credited: bool = False
    is_known: bool = True


def portal_session(customer_id: str, addresses: Addresses, flow: dict[str, Any] | None = None) -> str:
    """The address of a portal session. flow: Stripe's `flow_data`. Raises StripeUnavailable or StripeRefused."""
    params: Any = {"customer": customer_id, "return_url": addresses.done}
    if addresses.locale in LOCALES:
        params["locale"] = addresses.locale
    if flow is not None:
        params["flow_data"] = flow
    return str(fetch(lambda: client().v1.billing_portal.sessions.create(params))["url"])


def plan_change(state: SubscriptionState, plan: Plan, interval: str) -> PlanChange | None:
    """What a change of a running subscription comes to; None when it can't be changed: it is not active, or the same.

    Raises UnknownPlan, StripeUnavailable, StripeRefused or BillingOff.
    """
    is_same = state.plan == plan and state.interval in (interval, "")
    if is_same or not state.plan.rank or state.status not in ("active", "trialing") or not state.subscription_id:
        return None
    offer = catalogue.find_offer(plan, interval)
    is_shorter = plan == state.plan and _DAYS[interval] < _DAYS.get(state.interval, 0)
    if plan.rank >= state.plan.rank and not is_shorter:
        return PlanChange(plan, interval, state.plan, is_downgrade=False)
    settings = _update_settings()
    if settings is None:
        return PlanChange(plan, interval, state.plan, is_downgrade=True, is_known=False)
    waits = _waits(settings, state, offer.amount_cents, interval)
    is_credited = settings.get("proration_behavior") in ("create_prorations", "always_invoice")
    at = state.period_end if waits else None
    return PlanChange(plan, interval, state.plan, is_downgrade=True, at=at, is_credited=is_credited)


def open_plan_change(state: SubscriptionState, plan: Plan, interval: str, addresses: Addresses) -> str:
    """The address of Stripe's page that asks to confirm the change; of the portal itself where Stripe has none for it.

    Raises UnknownPlan, StripeUnavailable, StripeRefused (the portal is not set up) or BillingOff.
    """
    require_on()
    price_id = catalogue.find_offer(plan, interval).price_id
    try:
        subscription = fetch(lambda: client().v1.subscriptions.retrieve(state.subscription_id))
        item = next(
            (one for one in subscription["items"]["data"] if plan_of(product_of(one["price"])) is not None), None
        )
        if item is None:
            raise UnknownPlan(f"{state.subscription_id} has no plan of this site")
        wanted = {"id": item["id"], "price": price_id, "quantity": item.get("quantity") or 1}
        flow = {
            "type": "subscription_update_confirm",
            "subscription_update_confirm": {"subscription": state.subscription_id, "items": [wanted]},
            "after_completion": {"type": "redirect", "redirect": {"return_url": addresses.done}},
        }
        return portal_session(state.customer_id, addresses, flow)
    except StripeRefused as error:
        # The portal's settings do not allow the change, or it is already planned: its front page shows what it can.
        log.warning("billing: Stripe has no page to confirm this change: %s", error.reason)
        return portal_session(state.customer_id, addresses)


def _update_settings() -> dict[str, Any] | None:
    """The settings of the portal for changes of plans; None when it has none, or they can't be read."""
    params: Any = {"is_default": True, "active": True, "limit": 1}
    try:
        found = fetch(lambda: client().v1.billing_portal.configurations.list(params))["data"]
    except StripeRefused:
        return None
    update: dict[str, Any] = (found[0].get("features") or {}).get("subscription_update") or {} if found else {}
    return update if update.get("enabled") else None


def _waits(settings: dict[str, Any], state: SubscriptionState, cents: int, interval: str) -> bool:
    """Whether the portal's settings postpone the change to the end of the period."""
    conditions = (settings.get("schedule_at_period_end") or {}).get("conditions") or ()
    kinds = {one.get("type") for one in conditions}
    days, now_days = _DAYS[interval], _DAYS.get(state.interval, _DAYS["month"])
    is_cheaper = state.next_cents is None or cents * now_days < state.next_cents * days
    return (is_cheaper and "decreasing_item_amount" in kinds) or (days < now_days and "shortening_interval" in kinds)
