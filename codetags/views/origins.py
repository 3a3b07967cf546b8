"""Did a form come from this site? For public forms: they carry no CSRF cookie, so that a cache may keep them."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def is_from_this_site(request: HttpRequest) -> bool:
    """True unless the browser says that another site sent the form; what sends neither header is no browser."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    # Parted by hand: urlsplit raises for what is no address, and strangers send that too.
    return origin is None or origin.partition("://")[2].lower() == request.get_host().lower()


def page_before(request: HttpRequest) -> str:
    """The page of this site that sent the form, path and query; the cookie settings when the browser does not tell."""
    referer = request.headers.get("Referer", "")
    if referer and url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        parts = urlsplit(referer)
        return f"/{parts.path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")
    return reverse("codetags:cookie_settings")
