"""The admin's page of the revenue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from billing.models import RevenueMonth
from billing.services.recurring import churn_of, recurring_now
from billing.services.revenue import MONTHS, list_months
from billing.services.revenue_readings import readings_state
from billing.services.stripe_api import is_live
from billing.types import Churn
from kv.web.spreadsheets import csv_download

_NO_CHURN = Churn(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Line:
    """One month in one currency, as the table shows it."""

    month: RevenueMonth
    churn: Churn


def revenue_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """The newest months, or with `?before=YYYY-MM` those before that one. With `?export=csv` the same as CSV."""
    before = _month(request.GET.get("before", ""))
    rows = list_months(limit=MONTHS, before=before)
    churn = churn_of(row.month for row in rows)
    if request.GET.get("export") == "csv":
        lines = [Line(row, churn.get((row.month, row.currency), _NO_CHURN)) for row in rows]
        return csv_download("revenue.csv", _csv(lines))
    # Months in which a subscription of the currency began or ended, but nothing was paid, have no row.
    lines = [Line(row, churn.get((row.month, row.currency), _NO_CHURN)) for row in rows]
    read_at, error = readings_state()
    months = {row.month for row in rows}
    context |= {
        "lines": lines,
        "recurring": recurring_now(),
        "read_at": read_at,
        "error": error,
        "is_test": not is_live(),
        "older": min(months) if len(months) == MONTHS else None,
    }
    response = TemplateResponse(request, "billing/admin/revenue.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _csv(lines: Sequence[Line]) -> Iterator[Sequence[object]]:
    yield (
        *("month", "currency", "payments", "gross", "refunds", "disputes", "fees", "net"),
        *("subscriptions_started", "subscriptions_ended", "monthly_lost", "difference"),
    )
    for line in lines:
        row, churn = line.month, line.churn
        yield (
            *(
                f"{row.month:%Y-%m}",
                row.currency,
                row.payments,
                row.gross,
                row.refunds,
                row.disputes,
                row.fees,
                row.net,
            ),
            *(churn.started, churn.ended, churn.lost_monthly, row.difference),
        )
