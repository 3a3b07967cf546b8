"""For monitoring: /healthz, /readyz, /metrics."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError
from django.db import connection as database
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from codetags.services.excluded_hits import sum_excluded
from kv.rest.permissions import holds
from kv.rest.views import ApiView
from kv.store.health import check_store
from stats.services import figures, series, usage


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is up."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the store accepts writes and the database answers, else 503. The JSON names each."""
    stores = {"store": _store_answers(), "database": _database_answers()}
    body = {"status": "ok" if all(stores.values()) else "unavailable"}
    return JsonResponse(
        {**body, "stores": {name: "ok" if up else "unavailable" for name, up in stores.items()}},
        status=200 if all(stores.values()) else 503,
    )


class MetricsView(ApiView):
    """GET: the figures as Prometheus text, for callers with the permission `stats.view_statistics`."""

    permission_classes = [IsAuthenticated, holds("stats.view_statistics")]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """The current figures."""
        registry = CollectorRegistry()
        registry.register(_Figures())
        return HttpResponse(
            generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
        )


class _Figures:
    """Reads the figures from the store, so that every web worker answers the same."""

    def collect(self) -> Iterator[Metric]:
        known = figures.read_figures()
        (today,) = series.list_days(days=1)
        yield CounterMetricFamily("countinghouse_visitors", "Unique visitors.", value=known.visitors)
        yield CounterMetricFamily("countinghouse_payment_codes", "Payment codes made.", value=known.qr_total)
        yield CounterMetricFamily(
            "countinghouse_revenue_cents", "EUR cents on payment codes.", value=known.revenue_cents
        )
        uses = CounterMetricFamily("countinghouse_tool_uses", "Uses of a tool.", labels=["tool"])
        for used in usage.list_usage():
            uses.add_metric([used.tool], used.count)
        yield uses
        excluded = GaugeMetricFamily("countinghouse_left_out_today", "Visits not counted today.", labels=["reason"])
        for reason, count in today.excluded.items():
            excluded.add_metric([reason], count)
        yield excluded
        missed = CounterMetricFamily(
            "countinghouse_code_hits_left_out", "Landings with a campaign code not counted.", labels=["reason"]
        )
        for why, count in sum_excluded().items():
            missed.add_metric([why.value], count)
        yield missed


def _store_answers() -> bool:
    return check_store().ok


def _database_answers() -> bool:
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True
