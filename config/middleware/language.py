"""The language of a page."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation


class LanguageOfAddress(LocaleMiddleware):
    """The language is that of the address alone: an address without a prefix is English, whatever the browser asks for.

    Django's own middleware sets `Vary: Accept-Language` for every address without a prefix, though nothing there varies
    by it: a proxy would keep one English page for each spelling of the header.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set Content-Language."""
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response
