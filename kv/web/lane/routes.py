"""Which calls the fast lane answers: those of the URL conf whose views offer an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.urls import Resolver404, get_resolver
from django.urls.resolvers import RoutePattern, URLPattern, URLResolver
from django.utils.translation import override

from kv.web.lane.calls import Offer, Route
from kv.web.lazy_views import LazyView


def find_routes() -> dict[tuple[str, str], Route]:
    """By method and path. Paths with parameters or in languages are left out, and what another pattern shadows."""
    resolver = get_resolver()
    with override(settings.LANGUAGE_CODE):
        return {
            (method, path): Route(answer, name, offer.allowed, offer.by_token)
            for path, callback, offer in _offers(resolver, "/")
            if path.isascii() and (name := _name(resolver, path, callback)) is not None
            for method, answer in offer.answers.items()
        }


def _offers(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any, Offer]]:
    for entry in resolver.url_patterns:
        pattern: Any = entry.pattern
        text = pattern._route if isinstance(entry.pattern, RoutePattern) else None  # noqa: SLF001 (it has no public name)
        # A translated path, or one that a regular expression describes, is not one path.
        if not isinstance(text, str) or pattern.converters:
            continue
        path = prefix + text
        if isinstance(entry, URLResolver):
            yield from _offers(entry, path)
        elif isinstance(entry, URLPattern):
            offer = _offer_of(entry.callback)
            if offer is not None:
                yield path, entry.callback, offer


def _offer_of(callback: Any) -> Offer | None:
    view = callback.load() if isinstance(callback, LazyView) else callback
    offer = getattr(view, "offer", None)
    return offer if isinstance(offer, Offer) and offer.view is view else None


def _name(resolver: URLResolver, path: str, callback: Any) -> str | None:
    """The name of the pattern; None when this path leads elsewhere, or to the view with arguments."""
    try:
        match = resolver.resolve(path)
    except Resolver404:
        return None
    return match.view_name if match.func is callback and not match.args and not match.kwargs else None
