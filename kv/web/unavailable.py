"""Pages while the store can't be reached: 503 instead of 500, in any project."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from logging import getLogger
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from kv.errors import StoreUnavailable

log = getLogger(__name__)


def refuse_while_away(view: Callable[..., Any]) -> Callable[..., Any]:
    """Answer 503 when the view raises StoreUnavailable: with the project's own `503.html`, or with a plain page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return view(request, *args, **kwargs)
        except StoreUnavailable as error:
            log.warning("store unavailable: %s", error)
        page = render_to_string(("503.html", "kv/503.html"))
        return HttpResponse(page, status=503, headers={"Retry-After": "1", "Cache-Control": "no-store"})

    return guarded
