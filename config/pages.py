"""The site's own pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from kv.rest.errors import handle_exception
from kv.rest.negotiation import JsonOnly


@require_safe
@cache_control(public=True, max_age=0, s_maxage=60)
def home(request: HttpRequest) -> HttpResponse:
    """The three cards."""
    return render(request, "home.html")


@require_safe
@cache_control(public=True, max_age=86400)
def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """Where browsers look for an icon on a page that names none, such as the API's."""
    return HttpResponseRedirect(static("site/favicon.svg"))


def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404. In the place of the admin's "view on site", which tells any member of staff what exists, and fails on a
    model without a table; nothing here has a page of its own.
    """
    raise Http404(rest)


def without_prefix(request: HttpRequest, rest: str | None = None) -> HttpResponseRedirect:
    """/en/… → the page without prefix, query kept. Leading slashes go, or //host would lead off the site."""
    query = request.META.get("QUERY_STRING", "")
    path = "/" + (rest or "").lstrip("/\\")
    response = HttpResponseRedirect("/")
    response.headers["Location"] = _quoted(path) + (f"?{query}" if query else "")
    return response


def _quoted(path: str) -> str:
    return quote(path, safe="/:@!$&'()*+,;=~-._")


class _SchemaRenderer(OpenApiJsonRenderer2):
    media_type = "application/json"


class SchemaView(SpectacularAPIView):
    """The API's description, in JSON like all of the API, refusals included."""

    renderer_classes = [_SchemaRenderer]
    content_negotiation_class = JsonOnly
    metadata_class = None

    def get_exception_handler(self) -> Callable[[Exception, Any], Any]:
        """Refusals in the one shape."""
        return handle_exception


class DocsView(SpectacularSwaggerSplitView):
    """The API's description, from our own files, so that it works offline and under a strict policy."""

    template_name = "site/api_docs.html"
