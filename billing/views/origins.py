"""Did a form come from this site?

The pricing page is the same for everybody and carries no CSRF token, so that a cache may keep it.
"""

from __future__ import annotations

from django.http import HttpRequest


def is_from_this_site(request: HttpRequest) -> bool:
    """True only when the browser says so: by Sec-Fetch-Site, which no page can forge, or by Origin.

    Unlike a public form, these act for whoever is signed in, so a client that says neither is refused.
    """
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None and fetch_site != "same-origin":
        return False
    origin = request.headers.get("Origin")
    if origin is None or origin == "null":
        # A strict Referrer-Policy hides the origin even from its own site.
        return fetch_site == "same-origin"
    # As a whole: urlsplit raises for what is no address, and strangers send that too.
    return origin.lower() == f"{request.scheme}://{request.get_host()}".lower()
