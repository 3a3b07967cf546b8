"""Who sent a form: this site or another. For forms without a CSRF token, so that a cache may keep their pages.

One rule, asked from two sides, since some clients say nothing: a public form takes what does not come from elsewhere,
one that acts for whoever is signed in only what comes from here.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def is_from_this_site(request: HttpRequest) -> bool:
    """True only when the browser says so: for forms that act for the signed-in user."""
    return _told(request) is True


def is_from_elsewhere(request: HttpRequest) -> bool:
    """True only when the browser says so: for public forms.

    What says nothing is no browser, and carries nobody's cookies into this.
    """
    return _told(request) is False


def local_path(request: HttpRequest, address: str) -> str | None:
    """Path and query of an address of this site, as a browser sent it; None for any other."""
    if not address or not url_has_allowed_host_and_scheme(
        address, {request.get_host()}, require_https=request.is_secure()
    ):
        return None
    parts = urlsplit(address)
    return f"/{parts.path.lstrip('/')}" + (f"?{parts.query}" if parts.query else "")


def _told(request: HttpRequest) -> bool | None:
    """Whether this site sent it; None when nobody says."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        # No page can forge it, and it is also sent where a strict Referrer-Policy makes the origin "null".
        # `none`: the person typed the address or used a bookmark.
        return None if site == "none" else site == "same-origin"
    origin = request.headers.get("Origin")
    if origin is None:
        return None
    # As a whole: http://here is not https://here. urlsplit raises for what is no address, which strangers send too.
    return origin.lower() == f"{request.scheme}://{request.get_host()}".lower()
