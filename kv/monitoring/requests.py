"""What is kept of each request when its response is there: its count, its latency, a line of the access log."""

from __future__ import annotations

from logging import getLogger
from time import perf_counter
from typing import Any

from kv.conf import app_settings
from kv.monitoring.counts import OTHER, request_counts
from kv.process.request_ids import id_of

access = getLogger("kv.access")

#: Where a server notes the arrival of a request in its WSGI environment, by time.perf_counter(): so the time that it
#: waits for a thread is part of its latency.
ARRIVED = "kv.arrived"


def note_request(meta: dict[str, Any], *, status: int, size: int | None, route: str = OTHER, started: float) -> None:
    """Count a request that has its response, and log it with ACCESS_LOG.

    meta: its WSGI environment or `request.META`. size: bytes of the response's body, None when it is not known yet.
    route: the name of its URL pattern. started: by time.perf_counter(), for a server that notes no arrival.
    """
    method = meta.get("REQUEST_METHOD", "").upper()
    seconds = perf_counter() - meta.get(ARRIVED, started)
    request_counts().record(method, route, status, seconds)
    if app_settings.ACCESS_LOG:
        # No path: it may hold a user's id. No query string, no address, no agent.
        line = {"method": method[:16], "route": route, "status": status, "ms": round(seconds * 1000, 1), "bytes": size}
        access.info("request", extra={**line, "request_id": id_of(meta)})
