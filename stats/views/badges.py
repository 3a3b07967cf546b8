"""The totals as badges for other places: a picture, and JSON from which shields.io draws one."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import orjson
from django.conf import settings
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import override
from rest_framework.request import Request

from kv.errors import StoreUnavailable
from kv.rest.errors import InvalidInput, Refusal
from kv.rest.schema import extend_schema
from kv.rest.views import OpenView
from stats.conf import app_settings
from stats.services.badges import Badge, lay_out
from stats.services.figures import current_figures, fresh_figures
from stats.templatetags.stats import make_cards
from stats.types import Figures
from stats.views import answers

# While the store is away: soon asked again, but not by each reader of a page.
_BRIEF = MappingProxyType({"Cache-Control": "public, max-age=5"})
_HEADERS = MappingProxyType({"Cross-Origin-Resource-Policy": "cross-origin", "X-Robots-Tag": "noindex"})
# Seconds; less than this shields.io takes for this.
_SHIELDS_SECONDS = 300


class BadgeView(OpenView):
    """GET: a total as a badge. While the store is away it has the last known number, or a dash."""

    uses_store = False

    @extend_schema(exclude=True)  # an image beside the API
    def get(self, request: Request, figure: str) -> HttpResponse:
        """The badge in the language of `?lang=`, or else in that of the site."""
        if not app_settings.STATS_BADGES:
            raise Refusal(404, "switched_off", "This site shows no badges.")
        language = _language(request.query_params.get("lang"))
        known, headers = _known()
        with override(language):
            badge = _badge(figure, known)
            kind, body = self.write(badge, language)
        return HttpResponse(body, content_type=kind, headers={**headers, **_HEADERS, "Content-Language": language})

    def write(self, badge: Badge, language: str) -> tuple[str, str | bytes]:
        """The type and the content of the answer."""
        raise NotImplementedError


class SvgBadgeView(BadgeView):
    """GET: a total as a picture."""

    def write(self, badge: Badge, language: str) -> tuple[str, str]:
        """SVG with a title, as wide as its texts."""
        fields = lay_out(badge)
        context = {"badge": badge, "fields": fields, "width": fields[-1].left + fields[-1].width, "language": language}
        return "image/svg+xml", render_to_string("stats/badge.svg", context)


class JsonBadgeView(BadgeView):
    """GET: a total as shields.io's endpoint badge asks for it: https://shields.io/badges/endpoint-badge."""

    def write(self, badge: Badge, language: str) -> tuple[str, bytes]:
        """JSON with the fields of shields.io's schema alone: it refuses others."""
        said: dict[str, Any] = {
            "schemaVersion": 1, "label": badge.label, "message": badge.message, "color": badge.color,
            "cacheSeconds": _SHIELDS_SECONDS,
        }  # fmt: skip
        return "application/json", orjson.dumps(said if badge.is_known else {**said, "isError": True})


def _badge(figure: str, known: Figures | None) -> Badge:
    for card in make_cards(known):
        if card.name == figure:
            return Badge(card.title, card.text, is_known=card.value is not None)
    raise Http404


def _language(asked: str | None) -> str:
    """Whatever the browser asks for: an image has one address for all its readers."""
    if asked is None:
        return settings.LANGUAGE_CODE
    if asked not in dict(settings.LANGUAGES):
        raise InvalidInput("lang", "This site does not speak this language.")
    return asked


def _known() -> tuple[Figures | None, dict[str, str]]:
    """The totals, and how long an answer with them may be kept."""
    try:
        known, age = fresh_figures()
    except StoreUnavailable:
        return current_figures(), dict(_BRIEF)
    return known, answers.kept_for_a_minute(age)
