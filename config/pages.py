"""The site's own pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from kv.rest.errors import handle_exception

# Types of the description that a caller may name; the first is for callers who take any.
_TYPES = [
    "application/json", "application/vnd.oai.openapi+json", "application/yaml", "application/vnd.oai.openapi",
    "application/x-yaml", "text/yaml", "text/x-yaml",
]  # fmt: skip


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


@require_safe
@cache_control(public=True, max_age=86400)
def touch_icon(request: HttpRequest) -> HttpResponseRedirect:
    """The icon that phones request at the root for a page that names none."""
    return HttpResponseRedirect(static("site/icon-180.png"))


@require_safe
@cache_control(public=True, max_age=3600)
def manifest(request: HttpRequest) -> JsonResponse:
    """What browsers need to install the site as an app, in the page's language (https://www.w3.org/TR/appmanifest/)."""
    colour = "#fbf8f1"  # --paper of site.css
    return JsonResponse(
        {
            "id": "/",
            "name": "Countinghouse",
            "short_name": "Countinghouse",
            "description": _("Visitors, payment codes and tokens, counted once."),
            "lang": get_language(),
            "dir": "ltr",
            "start_url": reverse("home"),
            "scope": "/",
            "display": "standalone",
            "background_color": colour,
            "theme_color": colour,
            "icons": [
                {"src": static("site/favicon.svg"), "sizes": "any", "type": "image/svg+xml"},
                *(
                    {"src": static(f"site/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
                    for size in (192, 512)
                ),
                {
                    "src": static("site/icon-maskable.png"),
                    "sizes": "512x512",
                    "type": "image/png",
                    "purpose": "maskable",
                },
            ],
            "shortcuts": [
                {"name": _("Dashboard"), "url": reverse("usertokens:dashboard")},
                {"name": _("Payment code"), "url": reverse("stats:pay")},
            ],
        },
        content_type="application/manifest+json",
    )


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


class _JsonSchema(OpenApiJsonRenderer):
    media_type = "application/json"
    format = "json"


class _YamlSchema(OpenApiYamlRenderer):
    media_type = "application/yaml"
    charset = None
    format = "yaml"


class _JsonOrYaml(BaseContentNegotiation):
    """JSON, unless YAML is asked for: `?format=yaml`, or an Accept that names it and not JSON."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """None: there is no body."""
        return None

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The renderer and its type."""
        json, yaml = renderers
        preferred = request._request.get_preferred_type(_TYPES) or ""  # noqa: SLF001 (DRF has no public name for it)
        asks = request.GET.get("format") or ("json" if "json" in preferred else "yaml" if preferred else "json")
        chosen = yaml if asks == "yaml" and request.method == "GET" else json
        return chosen, chosen.media_type or ""


@method_decorator(conditional_page, name="dispatch")
class SchemaView(SpectacularAPIView):
    """The API's OpenAPI schema, the same for all callers and in all languages, as JSON or YAML; its errors as JSON."""

    renderer_classes = [_JsonSchema, _YamlSchema]
    content_negotiation_class = _JsonOrYaml
    metadata_class = None
    versioning_class = None

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The schema. Not drf-spectacular's own, which changes it with `lang`, `version` and the request."""
        with translation.override("en"):
            generator: Any = self.generator_class()
            schema = generator.get_schema(request=None, public=True)
        return Response(schema, headers={"Vary": "Accept", "Cache-Control": "public, max-age=0, s-maxage=60"})

    def get_exception_handler(self) -> Callable[[Exception, Any], Any]:
        """The API's shape of errors."""
        return handle_exception


class DocsView(SpectacularSwaggerSplitView):
    """The API's documentation from local files, so that it works offline and under a strict policy."""

    template_name = "site/api_docs.html"
