"""A test client that goes through the site as it is served: API calls by the short middleware."""

from __future__ import annotations

import threading
from typing import Any

from django.conf import settings
from django.test import Client, override_settings
from django.test.client import ClientHandler

from config.wsgi import SiteApplication


class SiteClient(Client):
    """Django's own client, whose handler uses the middleware that `config.wsgi` would use."""

    def __init__(self, enforce_csrf_checks: bool = False, **defaults: Any) -> None:
        # Settings are overridden for a moment below, for all threads: one client serves several, made by none of them.
        assert threading.current_thread() is threading.main_thread()
        super().__init__(enforce_csrf_checks, **defaults)
        full, api = ClientHandler(enforce_csrf_checks), ClientHandler(enforce_csrf_checks)
        with override_settings(MIDDLEWARE=settings.API_MIDDLEWARE):
            api.load_middleware()
        # Without its own start, which sets logging up anew and takes a test's handler away.
        site = SiteApplication.__new__(SiteApplication)
        site.session = settings.SESSION_COOKIE_NAME + "="
        site.full = lambda environ, _: full(environ)  # type: ignore[assignment]
        site.api = lambda environ, _: api(environ)  # type: ignore[assignment]
        self.handler: Any = lambda environ: site(environ, lambda *_: None)
