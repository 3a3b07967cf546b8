"""A test client that goes through the site as it is served: calls of the API by their own short lane."""

from __future__ import annotations

import threading
from typing import Any

from django.conf import settings
from django.test import Client, override_settings
from django.test.client import ClientHandler

from config.wsgi import TwoLanes


class SiteClient(Client):
    """Django's own client, whose handler takes the lane that `config.wsgi` would take."""

    def __init__(self, enforce_csrf_checks: bool = False, **defaults: Any) -> None:
        # Settings are overridden for a moment below, for all threads: one client serves several, made by none of them.
        assert threading.current_thread() is threading.main_thread()
        super().__init__(enforce_csrf_checks, **defaults)
        whole, short = ClientHandler(enforce_csrf_checks), ClientHandler(enforce_csrf_checks)
        with override_settings(MIDDLEWARE=settings.API_MIDDLEWARE):
            short.load_middleware()
        # Without its own start, which sets logging up anew and takes a test's handler away.
        lanes = TwoLanes.__new__(TwoLanes)
        lanes.session = settings.SESSION_COOKIE_NAME + "="
        lanes.whole = lambda environ, _: whole(environ)  # type: ignore[assignment]
        lanes.short = lambda environ, _: short(environ)  # type: ignore[assignment]
        self.handler: Any = lambda environ: lanes(environ, lambda *_: None)
