"""Which requests the fast lane answers, and its answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from logging import getLogger
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from kv.conf import app_settings, django_settings
from kv.process import request_ids
from kv.process.tracing import is_traced
from kv.store.factories import note_request as note_first_request
from kv.store.loop_client import LoopClient
from kv.store.steps import Steps, drive
from kv.web.lane.calls import FAILED, USUAL_TYPES, Answer, Call, Failure, Route
from kv.web.lane.middleware import CSRF, Closed, Effect, find_effects
from kv.web.lane.routes import find_routes

log = getLogger(__name__)

# A host's name may come with any port, so the hosts that passed the check are forgotten at this number.
_MAX_HOSTS = 100
#: What such a request is not expected to bring. Mod_rewrite sets the last two, which change the path.
_UNUSUAL = ("HTTP_TRANSFER_ENCODING", "SCRIPT_URL", "REDIRECT_URL")


class Lane:
    """Answers a request, or leaves it to the application. middleware, ignored: as for `fast_lane`."""

    def __init__(self, *, middleware: Sequence[str] | None = None, ignored: Collection[str] = ()) -> None:
        self._hosts: set[str] = set()
        names = settings.MIDDLEWARE if middleware is None else middleware
        self._cookies = [f"{settings.SESSION_COOKIE_NAME}="]
        if CSRF in names:  # which makes a new cookie where one is malformed
            self._cookies.append(f"{settings.CSRF_COOKIE_NAME}=")
        self._hosts_allowed: Any = None
        self.routes: dict[tuple[str, str], Route] = {}
        self._effects: list[Effect] = []
        try:
            self._effects = find_effects(names, ignored)
        except Closed as reason:
            log.warning("the fast lane is closed: %s", reason)
        else:
            self.routes = find_routes()

    def answer(self, environ: dict[str, Any]) -> Answer | None:
        """The answer to a request with this WSGI environment; None for one that the application must answer."""
        call = self._call(environ, may_wait=True)
        if call is None:
            return None
        request_ids.begin(environ[request_ids.KEPT])
        try:
            return drive(self._steps(call))
        except Exception as error:  # noqa: BLE001 (the view raises it again)
            environ[FAILED] = Failure(error, call.asked_who)
            return None

    async def answer_on_loop(self, environ: dict[str, Any], client: LoopClient) -> Answer | None:
        """The same on an event loop, by its client of the store: nothing here waits."""
        call = self._call(environ, may_wait=False)
        if call is None:
            return None
        try:
            return await client.drive(self._steps(call))
        except Exception as error:  # noqa: BLE001 (the view raises it again)
            environ[FAILED] = Failure(error, call.asked_who)
            return None

    def begin(self, environ: dict[str, Any], client: LoopClient, finish: Callable[[Answer | None], None]) -> bool:
        """Begin the same, in any thread; False for a request that the application must answer.

        finish: is given the answer, in any thread, and must not wait; None for a request that the application must
        answer after all.
        """
        call = self._call(environ, may_wait=False)
        if call is None:
            return False

        def end(answer: Answer | None, error: Exception | None) -> None:
            if error is not None:  # the view raises it again
                environ[FAILED] = Failure(error, call.asked_who)
            finish(answer)

        client.begin(self._steps(call), end)
        return True

    def _steps(self, call: Call) -> Steps[Answer | None]:
        answer = yield from call.steps()
        if answer is not None:
            for effect in self._effects:
                effect(call, answer)
        return answer

    def _call(self, environ: dict[str, Any], *, may_wait: bool) -> Call | None:
        route = self.routes.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if route is None or is_traced():
            return None
        if not may_wait and (route.by_token or app_settings.ACCESS_LOG):  # whose line may have to wait
            return None
        if FAILED in environ:  # a moment ago, where nobody waits: what was tried is not tried again
            return None
        if ("HTTP_AUTHORIZATION" in environ) is not route.by_token or not self._is_usual(environ):
            return None
        is_secure = _is_secure(environ)
        if django_settings.SECURE_SSL_REDIRECT and not is_secure:
            return None
        note_first_request()
        request_ids.id_of(environ)
        return Call(environ, is_secure, route, perf_counter(), may_wait)

    def _is_usual(self, environ: dict[str, Any]) -> bool:
        for name in _UNUSUAL:
            if name in environ:
                return False
        if environ.get("SCRIPT_NAME") or (environ.get("CONTENT_TYPE") or "") not in USUAL_TYPES:
            return False
        cookies = environ.get("HTTP_COOKIE", "")
        if cookies and (not cookies.isascii() or any(name in cookies for name in self._cookies)):
            return False
        if "\0" in environ.get("HTTP_USER_AGENT", "") or "\0" in environ.get("HTTP_ACCEPT", ""):
            return False
        return self._is_allowed(environ)

    def _is_allowed(self, environ: dict[str, Any]) -> bool:
        """Whether the host is one of the site's."""
        host = environ.get("HTTP_HOST", "")
        allowed = django_settings.ALLOWED_HOSTS
        if allowed is not self._hosts_allowed or len(self._hosts) >= _MAX_HOSTS:
            self._hosts, self._hosts_allowed = set(), allowed
        if host in self._hosts:
            return not (django_settings.USE_X_FORWARDED_HOST and "HTTP_X_FORWARDED_HOST" in environ)
        request = HttpRequest()
        request.META = {"HTTP_HOST": host}
        try:
            request.get_host()
        except DisallowedHost:
            return False
        self._hosts.add(host)
        return not (django_settings.USE_X_FORWARDED_HOST and "HTTP_X_FORWARDED_HOST" in environ)


def _is_secure(environ: dict[str, Any]) -> bool:
    """As `request.is_secure()`."""
    proxy_header = django_settings.SECURE_PROXY_SSL_HEADER
    if proxy_header:
        header, wanted = proxy_header
        said = environ.get(header)
        if said is not None:
            return bool(said.split(",", 1)[0].strip() == wanted)
    return bool(environ["wsgi.url_scheme"] == "https")
