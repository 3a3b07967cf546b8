"""Requests for both lanes: usual ones of each of the six calls, then changed at random."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stats.services.receipts import sign_receipt

if TYPE_CHECKING:
    from random import Random

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
HOST = "testserver"
_PATHS = (
    "/api/stats", "/api/stats/visit", "/api/stats/qr", "/api/track-usage", "/api/analytics/qr", "/api/usage",
    "/api/stats/", "//api/stats", "/api//stats/visit", "/api/Stats", "/api/stats/visit/x", "/API/stats", "/", "",
    "/api/stats/visit\xc3\xa9", "/api/dashboard", "/fr/api/stats", "/api/stats/history",
    "/badge/visitors.svg",
)  # fmt: skip
_QUERIES = (
    "", "code=DEMO", "code=demo", "code=AB12&id=a-1", "code=AB12&id=a-1", "id=a-1&code=AB12", "code=", "code",
    "code=TOOLONG", "code=A%4212", "code=DEMO&code=AB12", "CODE=DEMO", "unreadable=1", "unreadable=2", "code=DEMO&x=1",
    "x=1", "id=%00&code=DEMO", "code=DEMO&id=", "code=DEMO+", "code=DEMO%0A", "format=json", "\xff", "code=D\xc3\x89MO",
    "code=DEMO&at=Tram-12", "code=AB12&id=a-2&at=hall&referrer=news.example.org", "code=DEMO&referrer=[::1]",
    "code=DEMO&at=tram+12", "code=DEMO&at=&referrer=", "code=DEMO&referrer=TESTSERVER",
    "at=hall&code=DEMO", "code=DEMO&AT=Hall", "code=DEMO&at=" + "a" * 33, "code=DEMO&referrer=" + "a" * 256,
    "code=DEMO&referrer=https%3A%2F%2FNews.example%3A8443%2Fx", "code=DEMO&referrer=M%C3%BCnchen.example",
    "&code=DEMO", "code=DEMO&", "code=DEMO;id=1", "code=DEMO&id=" + "a" * 64, "code=DEMO&id=" + "a" * 65,
    "days=30", "days=1", "days=366", "days=367", "days=0", "days=", "days=x", "days=7&days=8", "days=7&x=1", "days=007",
    "days=%37", "days=+7", "days=7\n", "days=\xd9\xa3",
)  # fmt: skip
_PLACED = (
    "code=DEMO&at=tram-12",
    "code=AB12&id=a-3&at=HALL&referrer=news.example.org",
    "code=AB12&referrer=News.example",
)
_HEADERS: dict[str, tuple[str, ...]] = {
    "HTTP_HOST": ("testserver", "testserver:80", "TESTSERVER", "evil.example", "testserver, evil.example", "", "[::1]",
                  "testserver:x", "testserver.", "user@testserver", "other.example"),
    "HTTP_USER_AGENT": ("", "curl/8.0", "Googlebot/2.1 (+http://www.google.com/bot.html)", BROWSER + "\0", "\xe9\xff",
                        BROWSER + " Chrome/1", "a" * 9000, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"),
    "HTTP_ACCEPT": ("*/*", "image/avif,image/webp,*/*", " image/png", "text/html", "\0", "application/xml;q=1", "",
                    "text/csv", "text/csv;q=0.5, application/json", "text/*", "application/json", "TEXT/CSV",
                    "application/json, text/plain, */*", "application/json;q=0.5, */*", "text/csv;q=0", "*/*;q=0.1",
                    "text/csv; charset=utf-8"),
    "HTTP_COOKIE": ("sessionid=abc", "csrftoken=abc", "a=b; qr_counted=DEMO", "qr_counted=AB12.DEMO", "qr_counted=",
                    "xqr_counted=DEMO", 'qr_counted="DEMO"', "qr_counted=" + "A" * 2000, "\xe9=1", "=", "a;b;;c=d=e",
                    "cookie_consent=all; qr_counted=ZZZZ.YYYY", 'sessionid="\\000"', "SESSIONID=abc", "messages=x"),
    "HTTP_AUTHORIZATION": ("Token abc", "Basic \xff", "", "Bearer x"),
    "HTTP_ORIGIN": ("http://testserver", "https://testserver", "http://evil.example", "null", "", "http://[",
                    "http://app.example:3000", "http://APP.example:3000", "http://app.example:3000/"),
    "HTTP_REFERER": ("http://testserver/", "http://evil.example/x", "http://app.example:3000/page", "\xff"),
    "HTTP_SEC_FETCH_SITE": ("same-origin", "same-site", "cross-site", "none", "CROSS-SITE", ""),
    "HTTP_SEC_PURPOSE": ("prefetch", "prefetch;prerender", "none"),
    "HTTP_PURPOSE": ("preview",),
    "HTTP_X_MOZ": ("prefetch",),
    "HTTP_DNT": ("1", "0", "true"),
    "HTTP_SEC_GPC": ("1", "0"),
    "HTTP_X_FORWARDED_FOR": ("198.51.100.1", "1.2.3.4, 198.51.100.2", "x, 198.51.100.3:443", "[2001:db8::1]:5", "", ",",
                             "2001:db8:0:1::9", "::ffff:203.0.113.9", "198.51.100.1,198.51.100.4,", "unknown"),
    "HTTP_X_FORWARDED_PROTO": ("https", "http", "https, http", "http,https", "HTTPS", " https ", ""),
    "HTTP_X_FORWARDED_HOST": ("evil.example", "testserver"),
    "HTTP_X_REQUEST_ID": ("lane-1", "203.0.113.8", "a b", "x" * 129, "", "\xe9"),
    "HTTP_ACCEPT_LANGUAGE": ("fr", "de,en;q=0.5", "\xff"),
    "HTTP_SEC_CH_UA_MOBILE": ("?1", "?0", ""),
    "HTTP_CF_IPCOUNTRY": ("CH", "de", "XX", "\xff"),
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD": ("POST",),
    "HTTP_IF_NONE_MATCH": ("*", '"a"'),
    "HTTP_RANGE": ("bytes=0-1",),
    "HTTP_X_HTTP_METHOD_OVERRIDE": ("DELETE", "GET"),
    "HTTP_TRANSFER_ENCODING": ("chunked", "gzip"),
    "HTTP_EXPECT": ("100-continue",),
    "HTTP_CONNECTION": ("close", "keep-alive, Upgrade"),
    "SCRIPT_NAME": ("/site", "/api", ""),
    "SCRIPT_URL": ("/api/stats/visit", "/site/api/stats/visit"),
    "REDIRECT_URL": ("/x",),
    "REMOTE_ADDR": ("203.0.113.8", "2001:db8::1", "2001:db8::2", "::ffff:203.0.113.8", "", "unix", "10.0.0.1"),
    "wsgi.url_scheme": ("https", "http"),
    "CONTENT_TYPE": ("application/json", "text/plain;charset=UTF-8", "text/plain", "application/json; charset=utf-8",
                     "application/json;charset=hex", "multipart/form-data", "multipart/form-data; boundary=x", "",
                     "application/x-www-form-urlencoded", "text/html", "application/json; charset", "APPLICATION/JSON",
                     "a" * 2000, "application/json;charset=UTF-8", "\xff"),
    "CONTENT_LENGTH": ("0", "2", "02", "1", "", "-1", "x", "99999999", "+2", "\xb2", "2 ", "9" * 30, "70000"),
}  # fmt: skip
_METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "get", "post", "PROPFIND")
_BODIES = (
    b"", b"{}", b"[]", b"  ", b"null", b'{"a": 1}', b'{"tool": "payment-qr"}', b'{"tool": "payment-qr", "id": "u-1"}',
    b'{"id": "u-2", "tool": "webo-news-overlay"}', b'{"tool": "payment-qr", "id": null}', b'{"tool": "nothing"}',
    b'{"tool": "payment-qr", "id": ""}', b'{"tool": "payment-qr", "id": "\\u00e9"}', b'{"tool": " payment-qr "}',
    b'{"tool": "payment-qr", "tool": "x"}', b'{"tool": "x", "tool": "payment-qr"}', b'{"tool": 1}', b'{"tool": ["a"]}',
    b'{"tool": "payment-qr", "more": 1}', b'{"tool": "payment-qr"', b"\xff\xfe", b'{"receipt": 1}', b'{"receipt": ""}',
    b'{"receipt": "forged"}', b'{"receipt": "a", "id": "b"}', b'{"amount_cents": 5, "id": "a"}', b'{"code": "DEMO"}',
    b'{"code": "DEMO", "id": "a"}', b"code=DEMO", b'{"tool": "payment-qr", "id": "' + b"a" * 64 + b'"}',
    b'{"tool": "payment-qr", "id": "' + b"a" * 65 + b'"}', b'{"tool": "payment-qr", "id": "' + b"a" * 300 + b'"}',
    b'{"tool":"payment-qr"}' + b" " * 70_000,
)  # fmt: skip


class Socket:
    """A body as most WSGI servers bring it: it can be read once, in any number of pieces."""

    def __init__(self, body: bytes) -> None:
        self._file = io.BytesIO(body)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def readline(self, size: int = -1) -> bytes:
        return self._file.readline(size)


@dataclass
class Asked:
    """A request, which can be sent more than once. streamed: its body comes from a socket."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    streamed: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, Any]:
        length = {"CONTENT_LENGTH": str(len(self.body))} if self.body else {}
        return {
            "REQUEST_METHOD": self.method, "SCRIPT_NAME": "", "PATH_INFO": self.path, "QUERY_STRING": self.query,
            "SERVER_NAME": HOST, "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "203.0.113.7",
            "HTTP_HOST": HOST, "HTTP_USER_AGENT": BROWSER, "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
            "wsgi.input": Socket(self.body) if self.streamed else io.BytesIO(self.body), "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False, **length, **self.headers,
        }  # fmt: skip

    def scope(self) -> dict[str, Any]:
        """The same for an ASGI application; its body is in `messages`."""
        environ = self.environ()
        names = {"CONTENT_LENGTH": "content-length", "CONTENT_TYPE": "content-type"}
        headers = {
            names.get(key, key.removeprefix("HTTP_").replace("_", "-").lower()): value
            for key, value in environ.items()
            if key in names or key.startswith("HTTP_")
        }
        return {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": self.method,
            "scheme": environ["wsgi.url_scheme"], "path": self.path, "query_string": self.query.encode("latin-1"),
            "root_path": environ["SCRIPT_NAME"], "client": (environ["REMOTE_ADDR"], 5), "server": (HOST, 80),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        }  # fmt: skip

    def messages(self) -> list[dict[str, Any]]:
        """What the server sends of the body, in two pieces where it is streamed."""
        pieces = [self.body[:5], self.body[5:]] if self.streamed else [self.body]
        last = len(pieces) - 1
        return [
            {"type": "http.request", "body": piece, "more_body": place < last} for place, piece in enumerate(pieces)
        ]


def asked(random: Random, headers: dict[str, str]) -> Asked:
    """A usual request, changed in none to four places. headers: of every usual request."""
    made = _usual(random)
    made.headers |= headers
    for _ in range(random.choice((0, 0, 1, 1, 1, 2, 2, 3, 4))):
        _change(made, random)
    return made


def _usual(random: Random) -> Asked:
    json_type = {"CONTENT_TYPE": random.choice(("application/json", "text/plain;charset=UTF-8"))}
    body = random.choice(_BODIES[6:9])
    receipt = sign_receipt(random.randrange(1, 2_000_000), nonce=str(random.randrange(9)))
    return random.choice(
        (
            Asked("GET", "/api/stats"),
            Asked("GET", "/api/stats/history", random.choice(("", "days=30", "days=7", "days=366"))),
            Asked("POST", "/api/stats/visit", headers=dict(json_type)),
            Asked("POST", "/api/stats/visit", body=b"{}", headers=dict(json_type)),
            Asked("POST", "/api/track-usage", body=body, headers=dict(json_type)),
            Asked("POST", "/api/stats/qr", body=json.dumps({"receipt": receipt}).encode(), headers=dict(json_type)),
            Asked(random.choice(("GET", "POST")), "/api/analytics/qr", random.choice((*_QUERIES[1:5], *_PLACED))),
        )
    )


def _change(made: Asked, random: Random) -> None:
    match random.randrange(12):
        case 0:
            made.method = random.choice(_METHODS)
        case 1:
            made.path = random.choice(_PATHS)
        case 2 | 3:
            made.query = random.choice(_QUERIES)
        case 4:
            made.body = random.choice(_BODIES)
        case 5:
            made.streamed = True
        case 6:
            made.body = made.body[: random.randrange(len(made.body) + 1)]
        case _:
            name = random.choice(list(_HEADERS))
            made.headers[name] = random.choice(_HEADERS[name])
