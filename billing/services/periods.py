"""Periods of subscriptions: by the calendar, as Stripe counts them, and as the invoices say they are paid."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.types import PaidPeriod, Plan

#: The billing reasons of invoices that pay for a period.
_OPENS_PERIOD = ("subscription_cycle", "subscription_create")
#: Seconds. A longer period grants a month's tokens each month.
_LONGEST_MONTH = 32 * 86400
PlanOf = Callable[[str], Plan | None]


def period_before(start: datetime, recurring: dict[str, Any] | None) -> tuple[datetime, datetime]:
    """The period that ended where this one starts, of the same price (its `recurring`)."""
    count = int((recurring or {}).get("interval_count") or 1)
    interval = (recurring or {}).get("interval") or "month"
    if interval in ("day", "week"):
        return start - timedelta(days=count * (7 if interval == "week" else 1)), start
    return add_months(start, -count * (12 if interval == "year" else 1)), start


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and time so many months later, or the last day of a month that is too short."""
    moment = moment.astimezone(UTC)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


@dataclass(frozen=True)
class _Charge:
    """What one line of an invoice charges for a period of a subscription.

    is_whole: the whole period, not a change within it. is_void: the invoice was voided, so nobody pays it any more.
    """

    start: int
    end: int
    product: str
    is_whole: bool
    is_paid: bool
    is_void: bool


def read_periods(
    subscription: dict[str, Any], item: dict[str, Any], plan_of: PlanOf, now: datetime
) -> tuple[PaidPeriod, ...]:
    """The periods of a subscription that are not over: the present one of `item` first, paid or not, then older ones.

    subscription: with its invoices under `invoices`.
    A period is paid when the invoice that covers it is paid, whatever invoice came later. It has the best plan that was
    paid for within it. A change of the plan that is on no invoice yet (it will be on the next one) counts as paid. A
    change whose invoice is open or voided does not. Stripe's times are whole seconds, so a period that is replaced
    within its first second can't be distinguished from its successor.
    """
    charges = _charges(subscription)
    present = int(item["current_period_start"]), int(item["current_period_end"])
    wholes = {charge.start: charge for charge in charges if charge.is_whole and not charge.is_void}
    found = []
    starts = {present[0], *wholes}
    for start in sorted(starts, key=lambda start: (start != present[0], start)):
        end = present[1] if start == present[0] else wholes[start].end
        # A period that was cut short is reported until its own end, so that its grant is cut short as well.
        if _moment(end) <= now:
            continue
        within = [one for one in charges if one.start == start or start < one.start < end == one.end]
        is_present = start == present[0]
        ends = _end_of_period(subscription, start, end, starts)
        if not is_present and end - start > _LONGEST_MONTH:
            within = _in_force(within, _moment(start), ends)
        plan = _plan_paid(subscription, item if is_present else None, within, plan_of)
        asked_for = [other for one in within if (other := plan_of(one.product)) is not None]
        known = plan or (asked_for[0] if asked_for else None)
        known = known or (plan_of(product_of(item["price"])) if is_present else None)
        if known is not None:
            key = f"stripe:{subscription['id']}:{start}"
            found.append(PaidPeriod(key, known, _moment(start), ends, is_paid=plan is not None))
    return tuple(found)


def product_of(price: dict[str, Any]) -> str:
    """The id of a price's product, whether it is expanded or not."""
    product = price["product"]
    return str(product["id"] if isinstance(product, dict) else product or "")


def _plan_paid(
    subscription: dict[str, Any], item: dict[str, Any] | None, charges: list[_Charge], plan_of: PlanOf
) -> Plan | None:
    """The best plan that is paid for in a period, by its charges; None when the period is not paid."""
    whole = [one for one in charges if one.is_whole]
    if item is None or whole:
        if not any(one.is_paid for one in whole):
            return None
    elif not _is_paid_without_lines(subscription):
        return None
    plans = [plan_of(one.product) for one in charges if one.is_paid]
    present = plan_of(product_of(item["price"])) if item is not None else None
    if present and not any(plan_of(one.product) == present for one in charges if not one.is_paid):
        # In a period of many months, the coming ones have the present plan, even a cheaper one.
        plans = [present, *(plans if _is_a_month(item) else ())]
    return max((plan for plan in plans if plan is not None), key=lambda plan: plan.rank, default=None)


def _in_force(charges: list[_Charge], start: datetime, ends: datetime) -> list[_Charge]:
    """The charges of a long period. Those that were not in force in its last month have no product.

    A paid charge is in force until the next one begins. The last month is the one that `ends` ends.
    """
    months = 1
    while add_months(start, months) < ends:
        months += 1
    month = add_months(start, months - 1).timestamp()
    begun = [one.start for one in charges if one.is_paid and one.start <= month]
    return [one if one.start >= max(begun, default=0) else replace(one, product="") for one in charges]


def _is_a_month(item: dict[str, Any] | None) -> bool:
    return item is None or int(item["current_period_end"]) - int(item["current_period_start"]) <= _LONGEST_MONTH


def _is_paid_without_lines(subscription: dict[str, Any]) -> bool:
    """Whether the latest invoice alone says that it is paid, where no line charges for the period, as in a trial."""
    invoice = subscription.get("latest_invoice")
    if subscription["status"] == "trialing" or not isinstance(invoice, dict) or invoice.get("status") == "paid":
        return True
    return invoice.get("billing_reason") not in _OPENS_PERIOD


def _charges(subscription: dict[str, Any]) -> list[_Charge]:
    """The charges on the lines of its invoices."""
    found = []
    for invoice in _invoices(subscription):
        for line in (invoice.get("lines") or {}).get("data") or ():
            details = (line.get("parent") or {}).get("subscription_item_details") or {}
            is_change = bool(details.get("proration") or line.get("proration"))
            period, product = line.get("period") or {}, product_of_line(line)
            is_other = details.get("subscription") not in (None, subscription["id"])
            if is_other or not product or not period or (is_change and int(line.get("amount") or 0) <= 0):
                continue
            is_paid, is_void = invoice.get("status") == "paid", invoice.get("status") == "void"
            found.append(_Charge(int(period["start"]), int(period["end"]), product, not is_change, is_paid, is_void))
    return found


def _invoices(subscription: dict[str, Any]) -> list[dict[str, Any]]:
    found = {one["id"]: one for one in subscription.get("invoices") or ()}
    latest = subscription.get("latest_invoice")
    if isinstance(latest, dict) and "id" in latest:
        found.setdefault(latest["id"], latest)
    return list(found.values())


def product_of_line(line: dict[str, Any]) -> str:
    """The id of the product that a line of an invoice charges for, "" for none."""
    price = ((line.get("pricing") or {}).get("price_details")) or line.get("price") or {}
    return product_of(price) if price.get("product") else ""


def _end_of_period(subscription: dict[str, Any], start: int, end: int, starts: set[int]) -> datetime:
    """When a period ends. A trial's ends with the trial. If the subscription is over, or a later one of `starts` has
    replaced the period, it ends with the month that had begun.
    """
    trial_end = subscription.get("trial_end")
    # A trial that is over within its first second leaves the whole period to the paid plan.
    if trial_end and trial_end > start == subscription.get("trial_start"):
        end = min(end, int(trial_end))
    stops = [one for one in starts if one > start]
    over = min([*stops, int(subscription["ended_at"])] if subscription.get("ended_at") else stops, default=end)
    if over >= end:
        return _moment(end)
    months = 1
    while (ends := add_months(_moment(start), months)) <= _moment(over):
        months += 1
    return min(ends, _moment(end))


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
