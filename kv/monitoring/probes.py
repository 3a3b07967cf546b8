"""Probes for load balancers and schedulers: /healthz and /readyz. They ask nobody who they are."""

from __future__ import annotations

from django.db import Error
from django.db import connection as database
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kv.store.health import check_store


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is up."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the store accepts writes and the database answers, else 503. The JSON names each."""
    stores = {"store": check_store().ok, "database": database_answers()}
    body = {"status": "ok" if all(stores.values()) else "unavailable"}
    return JsonResponse(
        {**body, "stores": {name: "ok" if up else "unavailable" for name, up in stores.items()}},
        status=200 if all(stores.values()) else 503,
    )


def database_answers() -> bool:
    """Whether the default database does."""
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True
