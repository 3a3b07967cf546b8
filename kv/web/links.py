"""Addresses of an app's views, wherever a project has included them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, URLResolver, get_resolver, get_urlconf, reverse


def app_url(name: str, *args: Any, **kwargs: Any) -> str:
    """The path of `namespace:view`, also where the project included the app within a namespace of its own.

    `stats_api:visit` finds `shop:stats_api:visit`. Raises NoReverseMatch when the app's addresses are not included.
    """
    try:
        return reverse(name, args=args, kwargs=kwargs)
    except NoReverseMatch:
        outer = _place(name.partition(":")[0], get_urlconf() or settings.ROOT_URLCONF)
        if not outer:
            raise
        return reverse(f"{outer}:{name}", args=args, kwargs=kwargs)


def app_url_or_none(name: str) -> str | None:
    """The same; None where the project does not include it, such as the pages of an app of which it uses the API."""
    try:
        return app_url(name)
    except NoReverseMatch:
        return None


@lru_cache(maxsize=64)
def _place(namespace: str, urlconf: str) -> str:
    """The namespaces that lead to this one, joined by colons; "" for none."""
    waiting = [("", get_resolver(urlconf))]
    for outer, resolver in waiting:  # which grows: the outermost are looked at first
        for name, (_, inner) in _namespaces(resolver):
            # A project may give the instance another name: reverse() then looks for the app's own.
            if outer and namespace in (name, inner.app_name):
                return outer
            waiting.append((f"{outer}:{name}" if outer else name, inner))
    return ""


def _namespaces(resolver: URLResolver) -> list[tuple[str, tuple[str, URLResolver]]]:
    found: dict[str, tuple[str, URLResolver]] = resolver.namespace_dict
    return list(found.items())
