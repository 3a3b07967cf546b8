"""What middleware does to the calls of the fast lane: those that bring no session and have a usual answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.module_loading import import_string

from kv.web.lane.calls import Answer, Call

CSRF = "django.middleware.csrf.CsrfViewMiddleware"
#: Completes the headers of an answer.
Effect = Callable[[Call, Answer], None]


class Closed(Exception):
    """The lane takes no call. The message says why."""


def find_effects(names: Sequence[str], ignored: Collection[str] = ()) -> list[Effect]:
    """The effects of the middleware with these dotted names, in the order of their work on an answer. Raises Closed.

    A middleware class may say what it does here in a static method `fast_lane`.
    """
    if settings.FORCE_SCRIPT_NAME is not None:
        raise Closed("FORCE_SCRIPT_NAME is set")
    effects = [effect for name in reversed(names) if name not in ignored for effect in _effects_of(name)]
    if _SESSIONS in names and _USERS in names:
        effects.append(_vary_by_cookie)
    return effects


def add_vary(answer: Answer, name: str) -> None:
    """Name a header that the answer varies by."""
    known = answer.headers.get("Vary")
    answer.headers["Vary"] = f"{known}, {name}" if known else name


def set_length(_: Call, answer: Answer) -> None:
    """Set Content-Length."""
    answer.headers.setdefault("Content-Length", str(len(answer.body)))


def _effects_of(name: str) -> list[Effect]:
    if name in _WITHOUT_EFFECT:
        return []
    if name in _KNOWN:
        return [_KNOWN[name]()]
    own = vars(import_string(name)).get("fast_lane") if isinstance(import_string(name), type) else None
    if not isinstance(own, staticmethod):
        raise Closed(f"it does not know the middleware {name}")
    return [own.__func__]


def _security() -> Effect:
    made = SecurityMiddleware(_nothing)

    def headers_of(*, secure: bool) -> dict[str, str]:
        request: Any = SimpleNamespace(is_secure=lambda: secure)
        return _added(lambda response: made.process_response(request, response))

    secure, plain = headers_of(secure=True), headers_of(secure=False)

    def effect(call: Call, answer: Answer) -> None:
        for name, value in (secure if call.is_secure else plain).items():
            answer.headers.setdefault(name, value)

    return effect


def _frames() -> Effect:
    made = XFrameOptionsMiddleware(_nothing)
    headers = _added(lambda response: made.process_response(HttpRequest(), response))

    def effect(_: Call, answer: Answer) -> None:
        answer.headers.update(headers)

    return effect


def _common() -> Effect:
    for name in ("DISALLOWED_USER_AGENTS", "PREPEND_WWW"):
        if getattr(settings, name):
            raise Closed(f"{name} is set")
    return set_length


def _csrf() -> Effect:
    if settings.CSRF_USE_SESSIONS:
        raise Closed("CSRF_USE_SESSIONS is set")
    return _none


def _added(complete: Callable[[Any], Any]) -> dict[str, str]:
    response = HttpResponse(content_type="application/json")
    complete(response)
    return {name: value for name, value in response.headers.items() if name != "Content-Type"}


def _nothing(request: HttpRequest) -> Any:
    """No view: only what is done to an answer is asked of these middleware."""


def _none(_: Call, __: Answer) -> None:
    """Nothing."""


def _vary_by_cookie(call: Call, answer: Answer) -> None:
    if call.asked_who:
        add_vary(answer, "Cookie")


_SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
_USERS = "django.contrib.auth.middleware.AuthenticationMiddleware"
_KNOWN: dict[str, Callable[[], Effect]] = {
    "django.middleware.security.SecurityMiddleware": _security,
    "django.middleware.clickjacking.XFrameOptionsMiddleware": _frames,
    "django.middleware.common.CommonMiddleware": _common,
    CSRF: _csrf,
}
# They read the session, or add to it; or serve and redirect other paths.
_WITHOUT_EFFECT = frozenset(
    {
        _SESSIONS, _USERS, "django.contrib.messages.middleware.MessageMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware", "kv.web.fragments.FragmentMiddleware",
    }
)  # fmt: skip
