"""A call in the fast lane, and the answer of a view to it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any, NamedTuple

import orjson
from django.http.cookie import parse_cookie
from django.http.response import HttpResponseBase

#: In a request's environment or ASGI scope: what the lane ran into. The view raises it, and does nothing again.
FAILED = "kv.failed"
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


@dataclass(slots=True, eq=False)
class Call:
    """One call, whose path, method, host and scheme are known to be right, and who brings no session.

    environ: as in WSGI. allowed: the methods of its view, as in the header Allow. route: the name of its URL pattern.
    asked_who: whether the user was looked at, so that the answer varies by cookie where the project has sessions.
    """

    environ: dict[str, Any]
    is_secure: bool
    allowed: str
    route: str
    started: float
    asked_who: bool = False

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
        """JSON, with the headers of Django REST framework's responses."""
        return Answer(status, {"Content-Type": "application/json", "Allow": self.allowed}, orjson.dumps(data))


class Failure(NamedTuple):
    """What the lane ran into, and whether it had asked who calls: then the answer says that it varies by that."""

    error: Exception
    asked_who: bool


def failure_of(request: Any) -> Failure | None:
    """What the fast lane ran into with this request of Django's, for its view to raise."""
    failed: Failure | None = request.META.get(FAILED) or getattr(request, "scope", {}).get(FAILED)
    return failed


Answerer = Callable[[Call], Answer | None]


@dataclass(frozen=True, eq=False)
class Offer:
    """What a view offers to the fast lane: for some methods a function that answers, or None for what it leaves.

    view: the very function that offers it. A decorator's function around it has the same attributes, but is another.
    """

    view: Callable[..., Any]
    answers: Mapping[str, Answerer]
    allowed: str


class _Cookies(HttpResponseBase):
    """Django's way to write a cookie, without the rest of a response."""

    def __init__(self) -> None:
        self.cookies = SimpleCookie()


def cookie_header(name: str, value: str, **options: Any) -> str:
    """The header Set-Cookie. options: as for `HttpResponse.set_cookie`."""
    written = _Cookies()
    written.set_cookie(name, value, **options)
    return str(written.cookies[name].output(header=""))  # with a blank before it, as of WSGIHandler
