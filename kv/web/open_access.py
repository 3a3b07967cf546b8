"""Calls whose answers scripts of every origin may read, without credentials: those of `kv.rest.views.OpenView`."""

from __future__ import annotations

from types import MappingProxyType

from django.urls import Resolver404, resolve

#: Of each answer; the second names what of its headers such a script may read. The same for every origin, and where
#: none is named: so a shared cache may give one answer to all, whether it heeds `Vary` or not.
OPEN_HEADERS = MappingProxyType(
    {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Age, ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID",
    }
)


def is_open(path: str) -> bool:
    """Whether the view at this path answers every origin."""
    try:
        found = resolve(path)
    except Resolver404:
        return False
    return bool(getattr(getattr(found.func, "cls", None), "is_open", False))
