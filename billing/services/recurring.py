"""The recurring revenue: what the subscriptions at Stripe bring a month, and those that began or ended in a month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Count, Sum

from billing.models import BilledSubscription
from billing.services.revenue import month_of
from billing.services.stripe_api import is_live
from billing.types import Churn, Recurring
from kv.days import day_start
from kv.sql.upserts import upsert_rows

#: Those that bring money: an unpaid renewal still may.
_RUNNING = ("active", "past_due")
#: Those for which nothing was paid yet, or ever.
_UNPAID = ("trialing", "incomplete", "incomplete_expired")
_A_YEAR = {"day": 365, "week": 52, "month": 12, "year": 1}
_COLUMNS = ("subscription_id", "livemode", "currency", "yearly", "is_running", "started_at", "ended_at")


def keep_subscriptions(subscriptions: Iterable[Mapping[str, Any]]) -> int:
    """Write what Stripe's subscriptions are now; how many. May be repeated."""
    livemode = is_live()
    rows = {
        str(one["id"]): (
            *(str(one["id"]), livemode, str(one["currency"]).upper(), yearly_of(one)),
            *(one["status"] in _RUNNING and not one.get("pause_collection"), _moment(one["start_date"])),
            _moment(one.get("ended_at")),
        )
        for one in subscriptions
    }
    if rows:
        upsert_rows(BilledSubscription, _COLUMNS, rows.values(), unique=("subscription_id",))
    return len(rows)


def yearly_of(subscription: Mapping[str, Any]) -> int:
    """What a subscription brings a year, minor units; 0 in a trial, and for one that ended within it or never began.

    Prices by tiers or by use have no amount of their own, so they count as 0; taxes are left out. Discounts that last
    are taken off.
    """
    ended, trial = subscription.get("ended_at"), subscription.get("trial_end")
    if subscription["status"] in _UNPAID or (ended and trial and ended <= trial):
        return 0
    total = sum((_item(item) for item in subscription["items"]["data"]), Decimal())
    for discount in subscription.get("discounts") or ():
        total = _discounted(total, discount, subscription)
    return int(max(total, Decimal()).quantize(Decimal(1), ROUND_HALF_UP))


def recurring_now() -> list[Recurring]:
    """What subscriptions bring a month now, by currency."""
    rows = BilledSubscription.objects.filter(livemode=is_live(), is_running=True, yearly__gt=0)
    sums = rows.values_list("currency").annotate(yearly=Sum("yearly"), count=Count("pk")).order_by("currency")
    return [Recurring(currency, monthly(yearly), count) for currency, yearly, count in sums]


def churn_of(months: Iterable[date]) -> dict[tuple[date, str], Churn]:
    """The subscriptions that began and ended in each of the months, by currency; two queries."""
    wanted = sorted(set(months))
    if not wanted:
        return {}
    first, last = day_start(wanted[0]), day_start((wanted[-1] + timedelta(days=31)).replace(day=1))
    rows = BilledSubscription.objects.filter(livemode=is_live(), yearly__gt=0)
    counts: dict[tuple[date, str], list[int]] = {}
    started = rows.filter(started_at__gte=first, started_at__lt=last)
    for at, currency in started.values_list("started_at", "currency").iterator():
        counts.setdefault((month_of(at), currency), [0, 0, 0])[0] += 1
    ended = rows.filter(ended_at__gte=first, ended_at__lt=last)
    for over, currency, yearly in ended.values_list("ended_at", "currency", "yearly").iterator():
        found = counts.setdefault((month_of(over or first), currency), [0, 0, 0])
        found[1] += 1
        found[2] += yearly
    return {key: Churn(started, ended, monthly(yearly)) for key, (started, ended, yearly) in counts.items()}


def monthly(yearly: int) -> int:
    """A twelfth, rounded."""
    return int((Decimal(yearly) / 12).quantize(Decimal(1), ROUND_HALF_UP))


def _item(item: Mapping[str, Any]) -> Decimal:
    price = item["price"]
    recurring = price.get("recurring") or {}
    amount = price.get("unit_amount_decimal") or price.get("unit_amount")
    if not amount or recurring.get("usage_type") == "metered":
        return Decimal()
    times = Decimal(_A_YEAR.get(str(recurring.get("interval")), 0)) / int(recurring.get("interval_count") or 1)
    return Decimal(str(amount)) * int(item.get("quantity") or 0) * times


def _discounted(yearly: Decimal, discount: Any, subscription: Mapping[str, Any]) -> Decimal:
    source = discount.get("source") if isinstance(discount, Mapping) else None
    coupon = source.get("coupon") if isinstance(source, Mapping) else None
    if not isinstance(coupon, Mapping) or coupon.get("duration") == "once":
        return yearly
    if coupon.get("percent_off"):
        return yearly * (100 - Decimal(str(coupon["percent_off"]))) / 100
    if coupon.get("amount_off") and coupon.get("currency") == subscription["currency"]:
        # Off each invoice, of which there are as many as periods.
        recurring = subscription["items"]["data"][0]["price"].get("recurring") or {}
        times = Decimal(_A_YEAR.get(str(recurring.get("interval")), 0)) / int(recurring.get("interval_count") or 1)
        return yearly - int(coupon["amount_off"]) * times
    return yearly


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
