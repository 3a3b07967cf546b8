"""A call in the fast lane, and the answer of a view to it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.cookies import SimpleCookie
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from django.http.cookie import parse_cookie
from django.http.response import HttpResponseBase

if TYPE_CHECKING:
    from kv.store.steps import Steps

#: In a request's environment or ASGI scope: what the lane ran into. The view raises it, and does nothing again.
FAILED = "kv.failed"
# Of these a cookie's value needs no quotes.
_PLAIN = re.compile(r"[\w.-]+", re.ASCII)
#: Types of a JSON body as browsers and programs write them. The second is a beacon's.
_JSON = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8",
                   "application/json;charset=UTF-8"})  # fmt: skip
_BEACON = frozenset({"text/plain", "text/plain;charset=UTF-8"})
#: Types of bodies that are not looked at. Any other may be one that Django can't read.
USUAL_TYPES = frozenset({"", "application/x-www-form-urlencoded", *_JSON, *_BEACON})


class Answer(NamedTuple):
    """An answer. Middleware adds to the headers."""

    status: int
    headers: dict[str, str]
    body: bytes


#: Says what to do for a call, and in the end its answer; None for what is left to Django, with nothing done.
Answerer = Callable[["Call"], "Steps[Answer | None]"]


class Route(NamedTuple):
    """One method of one path. name: of the URL pattern. allowed: the header Allow of its view. by_token: as offered."""

    answer: Answerer
    name: str
    allowed: str
    by_token: bool = False


@dataclass(slots=True, eq=False)
class Call:
    """One call, whose path, method, host and scheme are known to be right, and who brings no session.

    environ: as in WSGI. started: by time.perf_counter().
    may_wait: whether this thread may wait for the store, or for anything else.
    asked_who: whether the user was looked at, so that the answer varies by cookie where the project has sessions.
    """

    environ: dict[str, Any]
    is_secure: bool
    route: Route
    started: float
    may_wait: bool = True
    asked_who: bool = False

    def steps(self) -> Steps[Answer | None]:
        """What is to be done for it."""
        return self.route.answer(self)

    @property
    def host(self) -> str:
        """As `request.get_host()`."""
        return str(self.environ["HTTP_HOST"])

    @property
    def query(self) -> str:
        """The query string as it was sent."""
        return str(self.environ.get("QUERY_STRING", ""))

    @property
    def length(self) -> str:
        """The declared length of the body; "" when none is declared."""
        return self.environ.get("CONTENT_LENGTH") or ""

    @property
    def is_beacon(self) -> bool:
        """Whether the body is of the type that browsers send without a preflight."""
        return self.environ.get("CONTENT_TYPE") in _BEACON

    def is_staff(self) -> bool:
        """False: without a session nobody is. As the view asks `request.user`."""
        self.asked_who = True
        return False

    def cookie(self, name: str) -> str:
        """The value of a cookie, "" without one."""
        text = self.environ.get("HTTP_COOKIE", "")
        return parse_cookie(text).get(name, "") if name in text else ""

    def json_body(self, most: int) -> dict[str, Any] | None:
        """The object in a JSON body of at most so many bytes; None for every other body, which can be read again."""
        if self.environ.get("CONTENT_TYPE") not in _JSON and not self.is_beacon:
            return None
        length = int(self.length) if self.length.isascii() and self.length.isdecimal() else 0
        if not 0 < length <= most:
            return None
        body = self.environ["wsgi.input"].read(length)
        self.environ["wsgi.input"] = io.BytesIO(body)
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        return found if isinstance(found, dict) and len(body) == length else None

    def respond(self, data: Any, status: int = 200) -> Answer:
        """JSON, with the headers of Django REST framework's responses. data: of a dataclass, its fields."""
        return Answer(status, {"Content-Type": "application/json", "Allow": self.route.allowed}, orjson.dumps(data))


class Failure(NamedTuple):
    """What the lane ran into, and whether it had asked who calls: then the answer says that it varies by that."""

    error: Exception
    asked_who: bool


def failure_of(request: Any) -> Failure | None:
    """What the fast lane ran into with this request of Django's, for its view to raise."""
    failed: Failure | None = request.META.get(FAILED) or getattr(request, "scope", {}).get(FAILED)
    return failed


@dataclass(frozen=True, eq=False)
class Offer:
    """What a view offers to the fast lane: for some methods a function that answers, or None for what it leaves.

    view: the very function that offers it. A decorator's function around it has the same attributes, but is another.
    by_token: it answers calls with credentials in the header Authorization, and no others. They may wait.
    """

    view: Callable[..., Any]
    answers: Mapping[str, Answerer]
    allowed: str
    by_token: bool = False


class _Cookies(HttpResponseBase):
    """Django's way to write a cookie, without the rest of a response."""

    def __init__(self) -> None:
        self.cookies = SimpleCookie()


class CookieOptions(NamedTuple):
    """What a cookie is set with, as `HttpResponse.set_cookie` takes it. max_age: seconds."""

    max_age: int
    secure: bool
    httponly: bool
    samesite: str
    path: str = "/"


def cookie_header(name: str, value: str, options: CookieOptions) -> str:
    """The value of the header Set-Cookie."""
    if _PLAIN.fullmatch(value):
        # Of a second all are alike but for the value, which is written as it is.
        before, after = _cookie_frame(name, options, int(time()))
        return f"{before}={value};{after}"
    return _written(name, value, options)


@lru_cache(maxsize=16)
def _cookie_frame(name: str, options: CookieOptions, _: int) -> tuple[str, str]:
    before, _sep, after = _written(name, "0", options).partition("=0;")
    return before, after


def _written(name: str, value: str, options: CookieOptions) -> str:
    written = _Cookies()
    written.set_cookie(name, value, **options._asdict())
    return str(written.cookies[name].OutputString())
