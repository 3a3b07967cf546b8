"""Who sent a request: this site, a front end of its own, or another site.

For forms without a CSRF token, so that a cache may keep their pages: one rule, asked from two sides, since some clients
say nothing. A public form takes what does not come from elsewhere, one that acts for whoever is signed in only what
comes from here. For counting, the origins in CORS_ORIGINS are this site's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from kv.conf import app_settings

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_from_this_site(request: HttpRequest) -> bool:
    """True only when the browser says so: for forms that act for the signed-in user."""
    return _told(request) is True


def is_from_elsewhere(request: HttpRequest) -> bool:
    """True only when the browser says so: for public forms.

    What says nothing is no browser, and carries nobody's cookies into this.
    """
    return _told(request) is False


def is_own_front_end(origin: str) -> bool:
    """Whether the origin, as a browser sends it, is in CORS_ORIGINS."""
    return origin in app_settings.CORS_ORIGINS


def comes_from_own_front_end(headers: Mapping[str, str]) -> bool:
    """Whether a page of an origin in CORS_ORIGINS sent the request. headers: as in a WSGI environment.

    An image has no Origin; its Referer names the page, or at least the page's origin. No page can forge either.
    """
    own = app_settings.CORS_ORIGINS
    if not own:
        return False
    origin = headers.get("HTTP_ORIGIN")
    if origin is None:
        # By hand: urlsplit raises for text that is not an address, and a client can send any text.
        scheme, _, rest = headers.get("HTTP_REFERER", "").partition("://")
        origin = f"{scheme}://{re.split('[/?#]', rest, maxsplit=1)[0]}"
    return origin in own


def is_cross_site(headers: Mapping[str, str], *, host: str = "") -> bool:
    """Whether the browser says that a page of another site sent the request, and not one of our own front ends.

    headers: as in a WSGI environment. host: the site's own. With it the Origin decides where the header Sec-Fetch-Site
    is missing: older browsers send no Sec-Fetch-Site, but they send Origin with every POST of a script.
    """
    site = headers.get("HTTP_SEC_FETCH_SITE")
    if site:
        return site == "cross-site" and not comes_from_own_front_end(headers)
    origin = headers.get("HTTP_ORIGIN", "")
    # Not by urlsplit, which raises for text that is not an address; a client can send any text.
    is_ours = not host or not origin or origin.partition("://")[2].lower() == host.lower()
    return not is_ours and not is_own_front_end(origin)


def parse_origin(text: str) -> str:
    """An origin as browsers send it: lower case, IDNA (xn--…), without the scheme's own port. Raises ValueError."""
    try:
        parts = urlsplit(text)
        port = parts.port
        is_origin = _is_bare(text, parts)
        host = clean_host(parts.hostname or "")
    except ValueError:
        is_origin, host, port = False, "", None
    if not is_origin:
        raise ValueError(
            f"{' '.join(text.split())} is no origin, such as https://app.example.org or http://127.0.0.1:3000"
        )
    return f"{parts.scheme}://{host}" + ("" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}")


def clean_host(name: str) -> str:
    """The host as in a Host header: lower case, IDNA (xn--…) for other scripts, IPv6 in brackets. Raises ValueError."""
    if ":" in name:
        return f"[{IPv6Address(name)}]"
    try:
        host = name.encode("idna").decode().lower()
    except UnicodeError:
        host = ""
    if not _HOST.match(host):  # "*" and ".example.org" would allow other hosts too
        raise ValueError(f"{name} is no name of a host")
    return host


def _is_bare(text: str, parts: SplitResult) -> bool:
    """Scheme, host and port, and nothing else: no path (not even "/"), no user, no empty port."""
    is_alone = text.lower() == f"{parts.scheme}://{parts.netloc}".lower() and not parts.netloc.endswith(":")
    return parts.scheme in _DEFAULT_PORTS and is_alone and "@" not in parts.netloc and parts.port != 0


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
