"""Did a form come from this site? For public forms: they carry no CSRF cookie, so that a cache may keep them."""

from django.http import HttpRequest


def is_from_this_site(request: HttpRequest) -> bool:
    """True unless the browser says that another site sent the form.

    Browsers send Sec-Fetch-Site (which a page can't forge) or at least Origin with every POST; a client that sends
    neither is no browser, and so carries nobody's cookies into this.
    """
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None and fetch_site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    if origin == "null":
        # A strict Referrer-Policy hides the origin, even from its own site; then only the header above can vouch.
        return fetch_site == "same-origin"
    # Parted by hand: urlsplit raises for what is no address, and strangers send that too.
    return origin.partition("://")[2].lower() == request.get_host().lower()
