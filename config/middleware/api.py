"""The only middleware of API calls without a session, besides Django's security headers: see `config.wsgi`."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from config.middleware.error_pages import ErrorPages, GetResponse
from config.middleware.headers import replace_nul_in_headers
from kv.web.lane.middleware import set_length

# A host's name may come with any port, so the hosts that passed the check are forgotten at this number.
_MAX_HOSTS = 100


class ApiMiddleware(ErrorPages):
    """Checks the host, sets English and Content-Length, and turns exceptions into JSON."""

    # Nothing else of it concerns a call in the fast lane.
    fast_lane = staticmethod(set_length)

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self._hosts: set[str] = set()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve one call."""
        # A load balancer's probe asks a bare address for /healthz, and no host name is repeated there.
        if request.path_info.startswith("/api/"):
            self._check_host(request)
        replace_nul_in_headers(request)
        # The thread still has the language of the page that it served before.
        translation.activate(settings.LANGUAGE_CODE)
        response = self.get_response(request)
        if not response.streaming and "Content-Length" not in response.headers:
            response.headers["Content-Length"] = str(len(response.content))
        return response

    def _check_host(self, request: HttpRequest) -> None:
        host = request.META.get("HTTP_HOST", "")
        if host not in self._hosts:
            request.get_host()  # takes longer than the rest of this middleware
            if len(self._hosts) >= _MAX_HOSTS:
                self._hosts.clear()
            if host:
                self._hosts.add(host)
