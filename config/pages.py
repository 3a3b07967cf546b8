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
    """The home page with its three cards."""
    return render(request, "home.html")


@require_safe
@cache_control(public=True, max_age=86400)
def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """The icon that browsers request for a page that names none, such as the API's."""
    return HttpResponseRedirect(static("site/favicon.svg"))


def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404, in place of the admin's "view on site": no object has a page of its own here.

    Django's view would tell any member of staff which objects exist, and fails on a model without a table.
    """
    raise Http404(rest)


def without_prefix(request: HttpRequest, rest: str | None = None) -> HttpResponseRedirect:
    """Redirect /en/… to the page without prefix, with the query. Leading slashes go: //host is another site."""
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
    """The API's OpenAPI schema as JSON; its errors too."""

    renderer_classes = [_SchemaRenderer]
    content_negotiation_class = JsonOnly
    metadata_class = None

    def get_exception_handler(self) -> Callable[[Exception, Any], Any]:
        """The API's shape of errors."""
        return handle_exception


class DocsView(SpectacularSwaggerSplitView):
    """The API's documentation from local files, so that it works offline and under a strict policy."""

    template_name = "site/api_docs.html"
