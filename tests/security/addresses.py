"""The addresses of the API as the site serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

if TYPE_CHECKING:
    from collections.abc import Iterator


def api_addresses() -> dict[str, type[APIView]]:
    """Every address that a view of DRF serves, with the view; parameters as Django writes them, no slash in front."""
    return dict(_addresses(get_resolver().url_patterns, ""))


def _addresses(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, type[APIView]]]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, path)
        else:
            view = getattr(pattern.callback, "cls", None)
            if isinstance(view, type) and issubclass(view, APIView):
                yield path, view
