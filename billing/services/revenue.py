"""The revenue by month and currency: payments, refunds, disputes and fees, as the balance at Stripe has them.

Every change of the balance is a balance transaction, which Stripe never changes. A refund is one of its own, in the
month in which it was made. So to read one twice changes nothing, and the order in which they come does not matter: a
month is the sum of its rows. See docs/decisions/0051-revenue.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Count, Q, Sum

from billing.models import RevenueEntry, RevenueMonth
from billing.services.stripe_api import is_live
from billing.types import RevenueKind
from kv.days import local_day
from kv.sql.transactions import atomic_for
from kv.sql.upserts import upsert_rows

#: Stripe's reporting categories; the others, such as payouts and transfers, are no revenue.
_KINDS = {
    "charge": RevenueKind.PAYMENT,
    "charge_failure": RevenueKind.REFUND,
    "refund": RevenueKind.REFUND,
    "refund_failure": RevenueKind.REFUND,
    "partial_capture_reversal": RevenueKind.REFUND,
    "dispute": RevenueKind.DISPUTE,
    "dispute_reversal": RevenueKind.DISPUTE,
    "fee": RevenueKind.FEE,
    "network_cost": RevenueKind.FEE,
}
_COLUMNS = ("entry_id", "livemode", "month", "currency", "kind", "amount", "fee", "created_at")
#: As the admin's page shows them.
MONTHS = 24


def kind_of(transaction: Mapping[str, Any]) -> RevenueKind | None:
    """What a balance transaction is to the revenue; None for one that is none, such as a payout."""
    return _KINDS.get(str(transaction.get("reporting_category")))


def month_of(moment: datetime) -> date:
    """The first day of the site's month."""
    return local_day(moment).replace(day=1)


def created_at(thing: Mapping[str, Any]) -> datetime:
    """When Stripe made an object."""
    return datetime.fromtimestamp(int(thing["created"]), UTC)


def net_of(transaction: Mapping[str, Any]) -> int:
    """What a balance transaction brings, minor units: its amount less its fee."""
    return int(transaction["amount"]) - int(transaction.get("fee") or 0)


def keep_transactions(transactions: Iterable[Mapping[str, Any]]) -> int:
    """Write balance transactions, and add up their months anew; how many are revenue. May be repeated."""
    livemode = is_live()
    rows: dict[str, tuple[Any, ...]] = {}
    for one in transactions:
        if (kind := kind_of(one)) is not None:
            at = created_at(one)
            currency = str(one["currency"]).upper()
            rows[str(one["id"])] = (
                *(str(one["id"]), livemode, month_of(at), currency, kind.value),
                *(int(one["amount"]), int(one.get("fee") or 0), at),
            )
    with atomic_for(RevenueEntry):
        if rows:
            upsert_rows(RevenueEntry, _COLUMNS, rows.values(), unique=("entry_id",))
        for month, currency in sorted({(row[2], row[3]) for row in rows.values()}):
            _add_up(livemode, month, currency)
    return len(rows)


def list_months(*, limit: int = MONTHS, before: date | None = None) -> list[RevenueMonth]:
    """The newest months that have any revenue, of every currency, newest first, then by currency.

    before: only months before this one.
    """
    rows = RevenueMonth.objects.filter(livemode=is_live())
    if before:
        rows = rows.filter(month__lt=before)
    months = list(rows.order_by("-month").values_list("month", flat=True).distinct()[:limit])
    return list(rows.filter(month__in=months).order_by("-month", "currency")) if months else []


def net_between(start: date, until: datetime) -> dict[tuple[date, str], int]:
    """Our net by month and currency, of what was made from a month on and before a moment."""
    rows = RevenueEntry.objects.filter(livemode=is_live(), month__gte=start, created_at__lt=until)
    sums = rows.values_list("month", "currency").annotate(amount=Sum("amount"), fee=Sum("fee")).order_by()
    return {(month, currency): amount - fee for month, currency, amount, fee in sums}


def note_check(differences: Mapping[tuple[date, str], int], months: Iterable[date], *, at: datetime) -> None:
    """Write that months were compared with Stripe, and where its net is another than ours."""
    livemode = is_live()
    with atomic_for(RevenueMonth):
        RevenueMonth.objects.filter(livemode=livemode, month__in=list(months)).update(checked_at=at, difference=0)
        for (month, currency), difference in differences.items():
            RevenueMonth.objects.update_or_create(
                livemode=livemode,
                month=month,
                currency=currency,
                defaults={"checked_at": at, "difference": difference},
            )


def _add_up(livemode: bool, month: date, currency: str) -> None:  # noqa: FBT001 (a field of the row)
    def of(kind: RevenueKind) -> Any:
        return Sum("amount", filter=Q(kind=kind.value), default=0)

    rows = RevenueEntry.objects.filter(livemode=livemode, month=month, currency=currency)
    sums = rows.aggregate(
        payments=Count("pk", filter=Q(kind=RevenueKind.PAYMENT.value)),
        gross=of(RevenueKind.PAYMENT),
        refunds=of(RevenueKind.REFUND),
        disputes=of(RevenueKind.DISPUTE),
        own_fees=of(RevenueKind.FEE),
        fees=Sum("fee", default=0),
    )
    # As money that goes out, like refunds and disputes.
    sums["fees"] = sums.pop("own_fees") - sums["fees"]
    sums["net"] = sums["gross"] + sums["refunds"] + sums["disputes"] + sums["fees"]
    RevenueMonth.objects.update_or_create(livemode=livemode, month=month, currency=currency, defaults=sums)
