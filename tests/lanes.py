"""The site with and without the fast lane."""

from __future__ import annotations

from django.conf import settings

from config.wsgi import SiteApplication, _handler
from kv.web import fast_lane


def site(*, fast: bool) -> SiteApplication:
    """The application of `config.wsgi`, made without its start, which sets logging up anew."""
    made = SiteApplication.__new__(SiteApplication)
    made.session = settings.SESSION_COOKIE_NAME + "="
    made.full = _handler(settings.MIDDLEWARE)
    made.api = _handler(settings.API_MIDDLEWARE)
    if fast:
        made.api = fast_lane(made.api, middleware=settings.API_MIDDLEWARE)
    return made
