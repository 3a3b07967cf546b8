"""Reads Stripe's lists for the revenue, in steps of a few pages. Where a step ends is in SQL, beside what it has read.

Three passes take turns: balance transactions, every hour, from a day before the last pass on; all subscriptions, four
times a day; and once a day the last two months of balance transactions again, which are compared with ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from logging import getLogger
from typing import Any

from billing.errors import StripeRefused, StripeUnavailable
from billing.models import RevenueReading
from billing.services import recurring, revenue
from billing.services.stripe_api import PAGE, client, fetch, is_live, is_on
from kv.days import day_start
from kv.sql.transactions import atomic_for
from kv.times import utc_now

log = getLogger(__name__)

#: Pages of one step: a worker that is shutting down waits for it.
PAGES = 3
#: How far a pass reaches back behind the beginning of the last one.
_OVERLAP = timedelta(days=1)
#: What is as new as this is not compared: Stripe may list it a little later, and clocks differ.
_SETTLING = timedelta(minutes=5)


@dataclass(frozen=True)
class _Pass:
    """every: from the end of a pass to the beginning of the next. fetch: a page. keep: what becomes of it."""

    name: str
    every: timedelta
    params: Callable[[RevenueReading], dict[str, Any]]
    fetch: Callable[[dict[str, Any]], dict[str, Any]]
    keep: Callable[[RevenueReading, list[dict[str, Any]]], object]
    end: Callable[[RevenueReading, datetime], None] = lambda _reading, _now: None
    begin: Callable[[RevenueReading], None] = lambda _reading: None


def read_revenue(*, now: datetime | None = None) -> bool:
    """One step: some pages of one list; True while more is to be read. Nothing while billing is off.

    What Stripe refuses or does not answer is written down for the admin's page, and tried again with the next run of
    the duty. After a refusal the other passes go on: a key may read subscriptions, and not the balance.
    """
    if not is_on():
        return False
    now = now or utc_now()
    for one, reading in _due(now):
        try:
            _step(one, reading, now)
        except (StripeUnavailable, StripeRefused) as error:
            # A page that began after an object that is gone is refused for ever, so the pass begins again.
            RevenueReading.objects.update_or_create(
                name=reading.name,
                defaults={"error": error.reason, "began_at": None, "after": "", "since": reading.since},
            )
            log.warning("billing: the revenue can't be read now: %s", error.reason)
            if isinstance(error, StripeUnavailable) and error.kind != "key":
                return False  # the others would get the same answer
            continue
        # Those that have failed are due still, but not at once.
        return any(not reading.error for _one, reading in _due(now))
    return False


def _due(now: datetime) -> list[tuple[_Pass, RevenueReading]]:
    """The passes that have begun, and those whose time has come."""
    readings = {one.name: one for one in RevenueReading.objects.filter(name__in=[_name(one) for one in _PASSES])}
    found = [(one, readings.get(_name(one)) or RevenueReading(name=_name(one))) for one in _PASSES]
    due = [
        (one, reading)
        for one, reading in found
        if reading.began_at is not None or reading.done_at is None or now - reading.done_at >= one.every
    ]
    # One that has begun goes on first.
    return sorted(due, key=lambda pair: pair[1].began_at is None)


def readings_state() -> tuple[datetime | None, str]:
    """When all payments were last read, and why the last step failed, "" when it did not."""
    rows = {one.name: one for one in RevenueReading.objects.filter(name__in=[_name(one) for one in _PASSES])}
    payments = rows.get(_name(_PASSES[0]))
    error = next((one.error for one in rows.values() if one.error), "")
    return (payments.done_at if payments else None), error


def _step(one: _Pass, reading: RevenueReading, now: datetime) -> None:
    if reading.began_at is None:
        reading.began_at, reading.after, reading.sums = now, "", {}
        one.begin(reading)
    for _ in range(PAGES):
        params = {"limit": PAGE, **one.params(reading)}
        if reading.after:
            params["starting_after"] = reading.after
        page = one.fetch(params)
        things: list[dict[str, Any]] = page["data"]
        with atomic_for(RevenueReading):
            one.keep(reading, things)
            reading.error = ""
            if things and page.get("has_more"):
                reading.after = str(things[-1]["id"])
                reading.save()
                continue
            one.end(reading, now)
            reading.began_at, reading.after, reading.sums, reading.done_at = None, "", {}, now
            reading.save()
            return


def _name(one: _Pass) -> str:
    """Test money is read apart from real money."""
    return one.name if is_live() else f"{one.name} (test)"


# --- balance transactions
def _fetch_transactions(params: Any) -> dict[str, Any]:
    return fetch(lambda: client().v1.balance_transactions.list(params))


def _since(reading: RevenueReading) -> dict[str, Any]:
    return {"created": {"gte": int(reading.since.timestamp())}} if reading.since else {}


def _keep_transactions(_: RevenueReading, things: list[dict[str, Any]]) -> None:
    revenue.keep_transactions(things)


def _end_transactions(reading: RevenueReading, _: datetime) -> None:
    if reading.began_at is not None:
        reading.since = reading.began_at - _OVERLAP


# --- subscriptions
def _fetch_subscriptions(params: Any) -> dict[str, Any]:
    return fetch(lambda: client().v1.subscriptions.list(params))


def _all_statuses(_: RevenueReading) -> dict[str, Any]:
    return {"status": "all", "expand": ["data.discounts.source.coupon"]}


def _keep_subscriptions(_: RevenueReading, things: list[dict[str, Any]]) -> None:
    recurring.keep_subscriptions(things)


# --- the comparison
def _begin_comparison(reading: RevenueReading) -> None:
    """Compare what was made before the last pass of payments began; the rest may not be here yet."""
    payments = RevenueReading.objects.filter(name=_name(_PASSES[0])).values_list("since", flat=True).first()
    reading.since = payments + _OVERLAP - _SETTLING if payments else None


def _checked_months(reading: RevenueReading) -> tuple[date, date]:
    """The month up to which is compared, after the one before it."""
    month = revenue.month_of(reading.since or utc_now())
    return (month - timedelta(days=1)).replace(day=1), month


def _range(reading: RevenueReading) -> dict[str, Any]:
    start = day_start(_checked_months(reading)[0])
    end = reading.since or start
    return {"created": {"gte": int(start.timestamp()), "lt": int(end.timestamp())}}


def _add(reading: RevenueReading, things: list[dict[str, Any]]) -> None:
    for one in things:
        if revenue.kind_of(one) is not None:
            key = f"{revenue.month_of(revenue.created_at(one)).isoformat()} {str(one['currency']).upper()}"
            reading.sums[key] = reading.sums.get(key, 0) + revenue.net_of(one)


def _compare(reading: RevenueReading, now: datetime) -> None:
    """Note where Stripe's months are not ours. Those are then read again."""
    if reading.since is None:
        return
    months = _checked_months(reading)
    theirs: Mapping[tuple[date, str], int] = {
        (date.fromisoformat(key[:10]), key[11:]): net for key, net in reading.sums.items()
    }
    ours = revenue.net_between(months[0], reading.since.replace(microsecond=0))
    found = {key: theirs.get(key, 0) - ours.get(key, 0) for key in {*theirs, *ours}}
    differences = {key: difference for key, difference in found.items() if difference}
    revenue.note_check(differences, months, at=now)
    if differences:
        log.warning("billing: the revenue of %d months differs from Stripe's", len({month for month, _ in differences}))
        RevenueReading.objects.filter(name=_name(_PASSES[0]), began_at=None).update(
            since=day_start(months[0]), done_at=None
        )


_PASSES = (
    _Pass("payments", timedelta(hours=1), _since, _fetch_transactions, _keep_transactions, _end_transactions),
    _Pass(
        "subscriptions",
        timedelta(hours=6),
        _all_statuses,
        _fetch_subscriptions,
        _keep_subscriptions,
    ),
    _Pass("comparison", timedelta(days=1), _range, _fetch_transactions, _add, _compare, _begin_comparison),
)
