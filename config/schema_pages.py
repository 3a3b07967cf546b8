"""/api/schema and /api/docs/try. Apart from `config.pages`, since they alone need drf-spectacular."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from config.describing import describe_api
from kv.rest.errors import handle_exception

# Types of the description that a caller may name; the first is for callers who take any.
_TYPES = [
    "application/json", "application/vnd.oai.openapi+json", "application/yaml", "application/vnd.oai.openapi",
    "application/x-yaml", "text/yaml", "text/x-yaml",
]  # fmt: skip


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
        return Response(describe_api(), headers={"Vary": "Accept", "Cache-Control": "public, max-age=0, s-maxage=60"})

    def get_exception_handler(self) -> Callable[[Exception, Any], Any]:
        """The API's shape of errors."""
        return handle_exception


class TryView(SpectacularSwaggerSplitView):
    """Swagger UI, to try calls out, from local files: it works offline and under a strict policy."""

    template_name = "site/api_try.html"
