"""Who is connected to the live server: a test's database may be emptied only when nobody is."""

from __future__ import annotations

import threading
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

PATIENCE_SECONDS = 20.0


class Visitors:
    """Counts the server's open connections, each of which has a thread there until its last request is answered."""

    def __init__(self, server: LiveServer) -> None:
        self._url = server.url
        self._connections = 0
        self._changed = threading.Condition()
        http: Any = server.thread.httpd
        take, serve = http.process_request, http.process_request_thread

        def counted(request: Any, address: Any) -> None:
            self._add(1)
            take(request, address)

        def served(request: Any, address: Any) -> None:
            try:
                serve(request, address)
            finally:
                self._add(-1)

        http.process_request, http.process_request_thread = counted, served

    def wait_until_gone(self) -> None:
        """Return when every connection made until now has ended. Raises AssertionError when one never does."""
        # Connections are taken in the order they came in: those that still stood in the queue are counted after this.
        urllib.request.urlopen(f"{self._url}/healthz").close()
        with self._changed:
            gone = self._changed.wait_for(lambda: not self._connections, PATIENCE_SECONDS)
        assert gone, f"{self._connections} connections to the site are still open"

    def _add(self, number: int) -> None:
        with self._changed:
            self._connections += number
            self._changed.notify_all()
