"""Who may read /metrics while the database that knows the callers is away: those who could within the last hour."""

from __future__ import annotations

from contextlib import suppress

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from kv import keys
from kv.conf import app_settings
from kv.errors import StoreUnavailable
from kv.store.connection import call, call_write

_SECONDS = 3600


def remember_caller(request: HttpRequest) -> None:
    """Note, as a keyed hash, that this Authorization header was permitted just now; nothing without the store."""
    if name := _key(request):
        with suppress(StoreUnavailable):
            call_write("SET", name, "1", "EX", _SECONDS)


def was_permitted(request: HttpRequest) -> bool:
    """Whether this Authorization header was permitted within the last hour; False when the store is away too."""
    name = _key(request)
    try:
        return bool(name and call("EXISTS", name))
    except StoreUnavailable:
        return False


def _key(request: HttpRequest) -> str:
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header:
        return ""
    sent = f"{app_settings.METRICS_PERMISSION}\n{header}"
    return keys.metrics_caller(salted_hmac("kv.monitoring.callers", sent, algorithm="sha256").hexdigest())
