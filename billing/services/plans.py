"""The rules that derive a user's plan from Stripe's subscriptions. No network, no store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.conf import app_settings
from billing.services.periods import period_before, read_periods
from billing.services.products import plan_products
from billing.services.statuses import SCHEDULE, SUBSCRIPTION, Running, gives, unknown_statuses
from billing.types import Bill, PaidPeriod, PendingChange, Plan, SubscriptionState, free_plan


@dataclass(frozen=True)
class Snapshot:
    """What the subscriptions of a user's customers come to.

    unknown_products: products of running subscriptions that belong to no plan here.
    problems: anything else that somebody must look at, one sentence each.
    bills: payments that were just made or have failed, of which users are told.
    charges: the automatic payments, as Stripe has them, oldest first.
    card_session: the newest checkout in which a card was saved for them, "" for none.
    """

    state: SubscriptionState
    unknown_products: tuple[str, ...] = field(default=())
    problems: tuple[str, ...] = field(default=())
    bills: tuple[Bill, ...] = field(default=())
    charges: tuple[dict[str, Any], ...] = field(default=())
    card_session: str = ""


def plan_of(product: str) -> Plan | None:
    """The plan of one of Stripe's products; None for a product of no plan."""
    return next((plan for plan, products in plan_products().items() if product in products), None)


def read_subscriptions(
    subscriptions: Iterable[dict[str, Any]], now: datetime, before: SubscriptionState | None = None
) -> Snapshot:
    """The state that follows from all subscriptions of one user: the highest plan counts.

    subscriptions: each with its latest invoice expanded. `unpaid_since` (s since 1970) says since when it is past due.
    before: the last state. It stays for a subscription with an unknown status or only unknown products: unknown is
            never free. An unknown product beside a plan is an add-on and is ignored.
    """
    found = list(subscriptions)
    states = [state for one in found if (state := _state(one, now, before)) is not None]
    unknown = {
        product
        for one in found
        if gives(one["status"]) and not any(map(plan_of, _products(one)))
        for product in _products(one)
    }
    best = max(states, key=_preference, default=SubscriptionState())
    periods = [period for one in found for period in _periods(one, now, before)]
    # The periods of the plan come first: users see the first one that has granted something.
    periods.sort(key=lambda period: not period.key.startswith(f"stripe:{best.subscription_id}:"))
    parts = (part for one in found for part in (one, one.get("schedule"), *_invoices_of(one)))
    return Snapshot(replace(best, periods=tuple(periods)), tuple(sorted(unknown)), unknown_statuses(parts))


def with_pending(
    state: SubscriptionState, plan: Plan, at: datetime, price: dict[str, Any] | None = None
) -> SubscriptionState:
    """The same with a change that a schedule plans; an earlier change, such as a cancellation, stays.

    price: the new one, which is charged next when the change comes with the next period.
    """
    if state.pending is not None and state.pending.at <= at:
        return state
    cents = price.get("unit_amount") if price and at == state.period_end else state.next_cents
    return replace(state, pending=PendingChange(plan, at), next_cents=cents)


def price_interval(price: dict[str, Any]) -> str:
    """The interval of a price, "month" or "year"; "" for any other."""
    recurring = price.get("recurring") or {}
    found = str(recurring.get("interval") or "")
    return found if found in ("month", "year") and recurring.get("interval_count", 1) == 1 else ""


def scheduled_price(subscription: dict[str, Any], now: datetime) -> tuple[str, datetime] | None:
    """The next price of a subscription's schedule, and its start; None when no change is planned."""
    schedule = subscription.get("schedule")
    if not isinstance(schedule, dict) or not SCHEDULE.get(str(schedule.get("status")), False):
        return None
    present = {item["price"]["id"] for item in subscription["items"]["data"]}
    for phase in sorted(schedule.get("phases") or (), key=lambda one: one["start_date"]):
        start = _time(phase["start_date"])
        for item in phase["items"]:
            price = item["price"] if isinstance(item["price"], str) else item["price"]["id"]
            if start > now and price not in present:
                return price, start
    return None


def _state(subscription: dict[str, Any], now: datetime, before: SubscriptionState | None) -> SubscriptionState | None:
    items = subscription["items"]["data"]
    known = [(plan, item) for item in items if (plan := plan_of(_product(item))) is not None]
    kept = before if before is not None and before.subscription_id == subscription["id"] else None
    if subscription["status"] not in SUBSCRIPTION:
        return kept or SubscriptionState(status=subscription["status"], subscription_id=subscription["id"])
    is_kept = not known and kept is not None and bool(kept.plan.rank) and gives(subscription["status"])
    if is_kept and kept is not None:
        known = [(kept.plan, item) for item in items[:1]]
    if not known:
        return None
    plan, item = max(known, key=lambda pair: pair[0].rank)
    start, end = _time(item["current_period_start"]), _time(item["current_period_end"])
    status = subscription["status"]
    state = SubscriptionState(
        plan=plan,
        status=status,
        period_start=start,
        period_end=end,
        subscription_id=subscription["id"],
        customer_id=_id(subscription["customer"]),
        interval=price_interval(item["price"]),
        next_cents=_next_cents(subscription),
        currency=str(item["price"].get("currency") or "").upper(),
    )
    cancel_at = _cancel_at(subscription, end)
    if status == "past_due":
        since = _time(subscription.get("unpaid_since") or item["current_period_start"])
        grace_until = since + timedelta(days=app_settings.BILLING_GRACE_DAYS)
        state = replace(state, grace_until=grace_until)
    if not gives(status) or (state.grace_until is not None and now >= state.grace_until):
        return replace(state, plan=free_plan())
    if cancel_at is not None:
        if cancel_at <= now:
            return replace(state, plan=free_plan(), cancel_at=cancel_at)
        state = replace(state, cancel_at=cancel_at, pending=PendingChange(free_plan(), cancel_at))
    if is_kept and kept is not None:
        return replace(state, paid_start=kept.paid_start, paid_end=kept.paid_end)
    return _with_paid(state, item, _periods(subscription, now, before), now)


def _next_cents(subscription: dict[str, Any]) -> int | None:
    """What the next invoice charges by the prices alone; None when taxes or discounts change it."""
    items = subscription["items"]["data"]
    amounts = [one["price"].get("unit_amount") for one in items]
    changed = (
        subscription.get("discounts"),
        subscription.get("default_tax_rates"),
        (subscription.get("automatic_tax") or {}).get("enabled"),
        *(one.get("discounts") or one.get("tax_rates") for one in items),
    )
    if any(changed) or any(amount is None for amount in amounts):
        return None
    return sum(int(amount) * int(one.get("quantity") or 1) for amount, one in zip(amounts, items, strict=True))


def _with_paid(
    state: SubscriptionState, item: dict[str, Any], periods: tuple[PaidPeriod, ...], now: datetime
) -> SubscriptionState:
    """The same with the last paid period. A change that is not paid yet is pending."""
    start, end = _time(item["current_period_start"]), _time(item["current_period_end"])
    is_paid = any(period.is_paid and period.starts == start for period in periods)
    paid = (start, end) if is_paid else period_before(start, item["price"].get("recurring"))
    brought = [period.plan.rank for period in periods if period.is_paid and period.starts <= now < period.ends]
    if brought and max(brought) < state.plan.rank and state.pending is None:
        # A change to a higher plan that is not paid yet: the paid plan goes on, and the change is pending.
        state = replace(state, pending=PendingChange(state.plan, start))
    return replace(state, paid_start=paid[0], paid_end=paid[1])


def _preference(state: SubscriptionState) -> tuple[int, bool, bool, datetime, str]:
    # With the same plan: the paid one first, then one that is not over, then the one that ends later.
    end = state.period_end or datetime.min.replace(tzinfo=UTC)
    return (
        state.plan.rank,
        state.grace_until is None,
        SUBSCRIPTION.get(state.status or "") is not Running.OVER,
        end,
        state.subscription_id,
    )


def _periods(subscription: dict[str, Any], now: datetime, before: SubscriptionState | None) -> tuple[PaidPeriod, ...]:
    """The subscription's periods that are not over, by its item with the best plan; without a plan only the paid ones.

    A subscription with an unknown status or product keeps the periods of the last state.
    """
    items = [item for item in subscription["items"]["data"] if plan_of(_product(item)) is not None]
    if not items or subscription["status"] not in SUBSCRIPTION:
        known = before.periods if before is not None else ()
        return tuple(one for one in known if one.ends > now and one.key.startswith(f"stripe:{subscription['id']}:"))
    item = max(items, key=lambda one: _rank(plan_of(_product(one))))
    found = read_periods(subscription, item, plan_of, now)
    is_given = gives(subscription["status"])
    return tuple(period for period in found if is_given or (period.is_paid and subscription.get("invoices")))


def _invoices_of(subscription: dict[str, Any]) -> list[Any]:
    return [subscription.get("latest_invoice"), *(subscription.get("invoices") or ())]


def _rank(plan: Plan | None) -> int:
    return 0 if plan is None else plan.rank


def _cancel_at(subscription: dict[str, Any], period_end: datetime) -> datetime | None:
    if subscription.get("cancel_at"):
        return _time(subscription["cancel_at"])
    return period_end if subscription.get("cancel_at_period_end") else None


def _products(subscription: dict[str, Any]) -> list[str]:
    return [_product(item) for item in subscription["items"]["data"]]


def _product(item: dict[str, Any]) -> str:
    return _id(item["price"]["product"])


def _id(value: Any) -> str:
    return str(value["id"] if isinstance(value, dict) else value or "")


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
