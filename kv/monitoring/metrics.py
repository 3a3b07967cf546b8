"""/metrics: Prometheus' text format, or OpenMetrics for who asks for it. Answers also while a store is away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from kv.conf import app_settings
from kv.monitoring import own
from kv.monitoring.callers import remember_caller, was_permitted
from kv.monitoring.collectors import DATABASE, PREFIX, STORE, collect_all, installed_collectors
from kv.monitoring.probes import database_answers
from kv.rest.permissions import may
from kv.rest.schema import extend_schema
from kv.rest.views import ApiView
from kv.store.health import check_store
from kv.store.node_health import measure_nodes


class MayReadMetrics(BasePermission):
    """Whoever holds METRICS_PERMISSION; without that setting superusers alone."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the caller does."""
        wanted = app_settings.METRICS_PERMISSION
        return may(request.user, wanted) if wanted else bool(getattr(request.user, "is_superuser", False))


class MetricsView(ApiView):
    """GET: every metric, for callers with the permission METRICS_PERMISSION.

    While the database is away nobody can be looked up. A token that was permitted within the last hour still is.
    """

    permission_classes = [IsAuthenticated, MayReadMetrics]
    database_away = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """As of every view, with that exception. Raises OperationalError or InterfaceError for all others."""
        try:
            super().initial(request, *args, **kwargs)
        except (OperationalError, InterfaceError):
            if not was_permitted(self.django_request):
                raise
            self.database_away = True

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """The current figures."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Everything(self))
        encode, content_type = choose_encoder(request.META.get("HTTP_ACCEPT", ""))
        return HttpResponse(encode(registry), content_type=content_type, headers={"Cache-Control": "no-store"})

    def collect(self) -> Iterator[Metric]:
        """What can be read now. The store and the database are tried first, so that each costs one timeout at most."""
        health, nodes = check_store(), measure_nodes()
        yield from own.store_metrics(health, nodes)
        is_database_up = not self.database_away and database_answers()
        yield GaugeMetricFamily(f"{PREFIX}_database_up", "Whether the database answers.", value=is_database_up)
        if health.ok and is_database_up:
            remember_caller(self.django_request)
        away = {STORE: not any(node.ok for node in nodes), DATABASE: not is_database_up}
        missing = frozenset(name for name, is_away in away.items() if is_away)
        yield from collect_all([*own.COLLECTORS, *installed_collectors()], away=missing)


class _Everything:
    """The registry's one collector: everything is read anew for each request."""

    def __init__(self, view: MetricsView) -> None:
        self._view = view

    def collect(self) -> Iterator[Metric]:
        return self._view.collect()
