"""From Stripe's subscriptions to the plan that holds: pure rules, no network, no store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.conf import app_settings
from billing.services.periods import period_before, read_periods
from billing.services.products import plan_products
from billing.services.statuses import SCHEDULE, SUBSCRIPTION, Running, gives, unknown_statuses
from billing.types import PaidPeriod, PendingChange, Plan, Standing, free_plan


@dataclass(frozen=True)
class Reading:
    """What a customer's subscriptions say.

    unknown_products: those of running subscriptions that are about no plan here.
    problems: what else is to be looked at by somebody, a sentence each.
    """

    standing: Standing
    unknown_products: tuple[str, ...] = field(default=())
    problems: tuple[str, ...] = field(default=())


def plan_of(product: str) -> Plan | None:
    """The plan that a product of Stripe's stands for; None for others'."""
    return next((plan for plan, products in plan_products().items() if product in products), None)


def read_subscriptions(
    subscriptions: Iterable[dict[str, Any]], now: datetime, before: Standing | None = None
) -> Reading:
    """The standing that follows from all subscriptions of one user: the highest plan holds.

    before: the standing that was seen last: it is kept of a subscription whose products or status are not known. Not
            known is never free. What is known beside a plan is an add-on, and nothing of it matters.

    Each subscription has its latest invoice expanded, and under `unpaid_since` the time (s since 1970) since when it is
    past due, where it is.
    """
    found = list(subscriptions)
    standings = [standing for one in found if (standing := _standing(one, now, before)) is not None]
    unknown = {
        product
        for one in found
        if gives(one["status"]) and not any(map(plan_of, _products(one)))
        for product in _products(one)
    }
    best = max(standings, key=_better, default=Standing())
    periods = [period for one in found for period in _periods(one, now, before)]
    # The plan's own come first: the first that has brought something is the one that users see.
    periods.sort(key=lambda period: not period.key.startswith(f"stripe:{best.subscription_id}:"))
    parts = (part for one in found for part in (one, one.get("schedule"), *_invoices_of(one)))
    return Reading(replace(best, periods=tuple(periods)), tuple(sorted(unknown)), unknown_statuses(parts))


def with_pending(standing: Standing, plan: Plan, at: datetime) -> Standing:
    """The same, with a change that a schedule has planned; a cancellation, which is sooner or the same, stays."""
    if standing.pending is not None and standing.pending.at <= at:
        return standing
    return replace(standing, pending=PendingChange(plan, at))


def scheduled_price(subscription: dict[str, Any], now: datetime) -> tuple[str, datetime] | None:
    """The price that a subscription's schedule changes to, and when; None when none is planned."""
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


def _standing(subscription: dict[str, Any], now: datetime, before: Standing | None) -> Standing | None:
    items = subscription["items"]["data"]
    known = [(plan, item) for item in items if (plan := plan_of(_product(item))) is not None]
    kept = before if before is not None and before.subscription_id == subscription["id"] else None
    if subscription["status"] not in SUBSCRIPTION:
        return kept or Standing(status=subscription["status"], subscription_id=subscription["id"])
    is_kept = not known and kept is not None and bool(kept.plan.rank) and gives(subscription["status"])
    if is_kept and kept is not None:
        known = [(kept.plan, item) for item in items[:1]]
    if not known:
        return None
    plan, item = max(known, key=lambda pair: pair[0].rank)
    start, end = _time(item["current_period_start"]), _time(item["current_period_end"])
    status = subscription["status"]
    standing = Standing(
        plan=plan,
        status=status,
        period_start=start,
        period_end=end,
        subscription_id=subscription["id"],
        customer_id=_id(subscription["customer"]),
    )
    cancel_at = _cancel_at(subscription, end)
    if status == "past_due":
        since = _time(subscription.get("unpaid_since") or item["current_period_start"])
        grace_until = since + timedelta(days=app_settings.BILLING_GRACE_DAYS)
        standing = replace(standing, grace_until=grace_until)
    if not gives(status) or (standing.grace_until is not None and now >= standing.grace_until):
        return replace(standing, plan=free_plan())
    if cancel_at is not None:
        if cancel_at <= now:
            return replace(standing, plan=free_plan(), cancel_at=cancel_at)
        standing = replace(standing, cancel_at=cancel_at, pending=PendingChange(free_plan(), cancel_at))
    if is_kept and kept is not None:
        return replace(standing, paid_start=kept.paid_start, paid_end=kept.paid_end)
    return _with_paid(standing, item, _periods(subscription, now, before), now)


def _with_paid(standing: Standing, item: dict[str, Any], periods: tuple[PaidPeriod, ...], now: datetime) -> Standing:
    """The same with the last period that is paid for; what is not paid yet waits beside it."""
    start, end = _time(item["current_period_start"]), _time(item["current_period_end"])
    is_paid = any(period.is_paid and period.starts == start for period in periods)
    paid = (start, end) if is_paid else period_before(start, item["price"].get("recurring"))
    brought = [period.plan.rank for period in periods if period.is_paid and period.starts <= now < period.ends]
    if brought and max(brought) < standing.plan.rank and standing.pending is None:
        # A change to more that is not paid yet: what is paid for goes on beside it, and this waits.
        standing = replace(standing, pending=PendingChange(standing.plan, start))
    return replace(standing, paid_start=paid[0], paid_end=paid[1])


def _better(standing: Standing) -> tuple[int, bool, bool, datetime, str]:
    # Of two with the same plan the one that is paid, then the one that is not over, then the one that lasts longer.
    end = standing.period_end or datetime.min.replace(tzinfo=UTC)
    return (
        standing.plan.rank,
        standing.grace_until is None,
        SUBSCRIPTION.get(standing.status or "") is not Running.OVER,
        end,
        standing.subscription_id,
    )


def _periods(subscription: dict[str, Any], now: datetime, before: Standing | None) -> tuple[PaidPeriod, ...]:
    """Its periods that are not over, by the item whose plan is the best; of one that gives nothing, the paid ones.

    Of one that is not understood those that were seen last, and no others.
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
