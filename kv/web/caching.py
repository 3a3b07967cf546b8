"""Pages that are the same for all visitors, and what may be compressed."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.views.decorators.cache import cache_control

_cached = cache_control(public=True, max_age=0, s_maxage=60)
_gzip = GZipMiddleware(lambda _: HttpResponseBase())


def compressed(view: Callable[..., Any]) -> Callable[..., Any]:
    """For pages that are the same for all visitors: compressed for who takes it.

    Whoever sees the length of a compressed answer can guess what is in it (BREACH), one letter with each request. Here
    is nothing to guess: no secret, no CSRF token, nothing of the reader. What no cache may share stays as it is.
    """

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: Any = view(request, *args, **kwargs)
        is_shared = "public" in response.get("Cache-Control", "") and not response.cookies
        return _gzip.process_response(request, response) if is_shared else response

    return page


def compressed_as_asked(offered: Callable[[], Mapping[str, Container[str]]]) -> Callable[[Callable[..., Any]], Any]:
    """For a reader's own page: compressed where the request brings nothing that the page could repeat as a guess.

    To guess at a page by its length (BREACH), a guess must stand in it beside what is guessed. A GET without a query
    brings none from another site, nor does a query of values that are `offered` by the page's own links and forms: few,
    or of a kind, such as days, that no secret of the page is of. Django's padding of a random length, and a CSRF token
    that is another each time, come on top.

    offered: name of the query → its values, read at each request.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response: Any = view(request, *args, **kwargs)
            is_asked = request.method == "GET" and _is_offered(request, offered())
            return _gzip.process_response(request, response) if is_asked else response

        return page

    return decorate


def _is_offered(request: HttpRequest, offered: Mapping[str, Container[str]]) -> bool:
    """Whether the query is empty, or one of the page's own, spelled as links spell it and each name once."""
    query = request.GET
    return request.META.get("QUERY_STRING", "") == query.urlencode() and all(
        len(values) == 1 and values[0] in offered.get(name, ()) for name, values in query.lists()
    )


def public_page(view: Callable[..., Any]) -> Callable[..., Any]:
    """For pages that are the same for all visitors, also before a log-in in a project with LoginRequiredMiddleware.

    Browsers ask again each time. A proxy may answer for a minute, the largest age of a figure.
    """
    page: Callable[..., Any] = login_not_required(compressed(_cached(view)))
    return page
