"""Which page of this site sent a form."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def page_before(request: HttpRequest) -> str:
    """The page of this site that sent the form, path and query; the cookie settings when the browser does not tell."""
    referer = request.headers.get("Referer", "")
    if referer and url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        parts = urlsplit(referer)
        return f"/{parts.path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")
    return reverse("codetags:cookie_settings")
