"""Answers front ends elsewhere: the origins in CORS_ORIGINS, with credentials. See docs/frontend.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult

from corsheaders.conf import conf
from corsheaders.middleware import (
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    CorsMiddleware,
)
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kv.conf import app_settings
from kv.web.lane.calls import Answer, Call
from kv.web.lane.middleware import add_vary
from kv.web.open_access import OPEN_HEADERS, is_open
from kv.web.origins import is_own_front_end


class FrontEnds(CorsMiddleware):
    """django-cors-headers' own, without a part where CORS_ORIGINS is empty.

    A preflight of an origin that is not listed reaches the view, which refuses it. Where the answers are for everybody
    (`kv.rest.views.OpenView`), the view answers the preflight of each origin, and no answer names one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not app_settings.CORS_ORIGINS:
            raise MiddlewareNotUsed
        super().__init__(get_response)

    def check_preflight(self, request: HttpRequest) -> HttpResponseBase | None:
        """The answer to the preflight of a listed origin; None for all other requests. Raises DisallowedHost."""
        if request.method == "OPTIONS":
            if not is_own_front_end(request.META.get("HTTP_ORIGIN", "")) or is_open(request.path_info):
                return None
            request.get_host()
        return super().check_preflight(request)

    def add_response_headers(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Say who may read the answer. What is for everybody stays as it is: caches keep one answer for all origins."""
        return response if _is_for_everybody(response.headers) else super().add_response_headers(request, response)

    def is_enabled(self, request: HttpRequest) -> bool:
        """Whether front ends may call this path."""
        return is_for_front_ends(request.path_info)

    @staticmethod
    def fast_lane(call: Call, answer: Answer) -> None:
        """The same for a call in the fast lane."""
        if _is_for_everybody(answer.headers):
            return
        for name, value in _headers_for_front_ends(call.environ):
            if name == "Vary":
                add_vary(answer, value)
            else:
                answer.headers[name] = value

    def origin_found_in_white_lists(self, origin: str, url: SplitResult) -> bool:
        """Whether the origin is listed, as it stands: the package's own takes a path behind it too."""
        return is_own_front_end(origin)


def is_for_front_ends(path: str) -> bool:
    """Whether front ends may call the path."""
    return re.match(conf.CORS_URLS_REGEX, path) is not None


def cors_headers(environ: dict[str, Any]) -> list[tuple[str, str]]:
    """The headers of a response that is made before Django has seen the request: what `FrontEnds` would add.

    Also those of a view that answers everybody, which was not reached.
    """
    if is_open(environ["PATH_INFO"]):
        return list(OPEN_HEADERS.items())
    return _headers_for_front_ends(environ)


def _is_for_everybody(headers: Mapping[str, str]) -> bool:
    return headers.get("Access-Control-Allow-Origin") == "*"


def _headers_for_front_ends(environ: dict[str, Any]) -> list[tuple[str, str]]:
    if not app_settings.CORS_ORIGINS or not is_for_front_ends(environ["PATH_INFO"]):
        return []
    origin = environ.get("HTTP_ORIGIN", "")
    vary = ("Vary", "origin")
    if not is_own_front_end(origin):
        return [vary]
    return [
        vary,
        (ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
        (ACCESS_CONTROL_EXPOSE_HEADERS, ", ".join(conf.CORS_EXPOSE_HEADERS)),
    ]
