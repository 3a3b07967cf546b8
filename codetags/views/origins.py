"""Which page of this site sent a form."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from kv.web.origins import local_path


def page_before(request: HttpRequest) -> str:
    """The page of this site that sent the form, path and query; the cookie settings when the browser does not tell."""
    return local_path(request, request.headers.get("Referer", "")) or reverse("codetags:cookie_settings")
