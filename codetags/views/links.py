"""The links for posters: the landing page in each language, with the code."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import translate_url
from django.utils.translation import get_language_info, override

from codetags.conf import app_settings


@dataclass(frozen=True, slots=True)
class Landing:
    """The landing page in one language."""

    language: str
    name: str
    address: str

    def link(self, code: str, at: str = "") -> str:
        """The URL with a code, and with a placement under the name in CODETAGS_PLACEMENT_PARAM."""
        placed = f"&{app_settings.CODETAGS_PLACEMENT_PARAM}={at}" if at else ""
        return f"{self.address}?qr={code}{placed}"


def list_landings(request: HttpRequest) -> tuple[Landing, ...]:
    """The landing page in each language of the site, whatever the active language is.

    Languages that share a URL are one entry, under the default language or else the first of them.
    """
    root = (app_settings.SITE_URL or request.build_absolute_uri("/")).rstrip("/")
    names = [code for code, _ in settings.LANGUAGES]
    found: dict[str, str] = {}
    for code in sorted(names, key=lambda code: code != settings.LANGUAGE_CODE):
        found.setdefault(root + _in_language(app_settings.CODETAGS_LANDING_PATH, code), code)
    landings = [
        Landing(code, get_language_info(code)["name_local"].capitalize(), address) for address, code in found.items()
    ]
    return tuple(sorted(landings, key=lambda landing: names.index(landing.language)))


def landing_for(request: HttpRequest, language: str) -> Landing:
    """The landing page in a language. Raises LookupError when that language has none of its own."""
    for landing in list_landings(request):
        if landing.language == language:
            return landing
    raise LookupError(language)


def _in_language(path: str, language: str) -> str:
    # A path resolves only in its own language: CODETAGS_LANDING_PATH is a path of the default language.
    with override(settings.LANGUAGE_CODE):
        return translate_url(path, language)
