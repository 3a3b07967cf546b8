"""The links that go on posters: the landing page in each language, with the code."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import translate_url
from django.utils.translation import get_language_info

from codetags.conf import app_settings


@dataclass(frozen=True, slots=True)
class Landing:
    """The landing page in one language."""

    language: str
    name: str
    address: str

    def link(self, code: str) -> str:
        """The address with a code."""
        return f"{self.address}?qr={code}"


def list_landings(request: HttpRequest) -> tuple[Landing, ...]:
    """The landing page in each language of the site; one alone where all share an address."""
    root = (app_settings.SITE_URL or request.build_absolute_uri("/")).rstrip("/")
    found: dict[str, Landing] = {}
    for code, _ in settings.LANGUAGES:
        address = root + translate_url(app_settings.CODETAGS_LANDING_PATH, code)
        found.setdefault(address, Landing(code, get_language_info(code)["name_local"].capitalize(), address))
    return tuple(found.values())


def landing_for(request: HttpRequest, language: str) -> Landing:
    """The landing page in a language; the first one when that has none of its own."""
    landings = list_landings(request)
    return next((landing for landing in landings if landing.language == language), landings[0])
