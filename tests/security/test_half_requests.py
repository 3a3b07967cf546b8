"""Requests that do not arrive whole, on every address that takes a body, by raw sockets against the site as it is run.

RFC 9112 section 8: a message that is incomplete is refused. What it would have done is looked up afterwards.
"""

from __future__ import annotations

import json
import socket
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from tests.faults.site import BROWSER, Site, own_site

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

FORMS = (
    "/pay", "/accounts/login", "/accounts/signup", "/accounts/logout", "/accounts/password", "/accounts/delete",
    "/admin/login/", "/cookies/settings", "/pricing/checkout", "/dashboard/mood",
)  # fmt: skip
LENGTH = b"Content-Length: %d\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
BODY = b'{"amount": 3}'
#: How a body may fail to be whole. What follows is the end of the connection.
HALVES = {
    "no chunk": CHUNKED,
    "half a chunk's size": CHUNKED + b"d",
    "half a chunk": CHUNKED + b"d\r\n" + BODY[:5],
    "a chunk without its end": CHUNKED + b"d\r\n" + BODY,
    "no last chunk": CHUNKED + b"d\r\n" + BODY + b"\r\n",
    "half a last chunk": CHUNKED + b"d\r\n" + BODY + b"\r\n0\r\n",
    "a chunk's size that is none": CHUNKED + b"d\r\n" + BODY + b"\r\nzz\r\n",
    "a first size that is none": CHUNKED + b"zz\r\n",
    "a size that is negative": CHUNKED + b"-d\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a size beyond all numbers": CHUNKED + b"f" * 40 + b"\r\n" + BODY,
    "a chunk longer than its size": CHUNKED + b"5\r\n" + BODY + b"\r\n0\r\n\r\n",
    "nothing of a length": LENGTH % 13,
    "half of a length": LENGTH % 13 + BODY[:5],
    "all but a byte": LENGTH % 14 + BODY,
    "another coding": b"Transfer-Encoding: gzip, chunked\r\n\r\nd\r\n" + BODY + b"\r\n0\r\n\r\n",
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with own_site() as site:
        yield site


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    out, errors = site.manage(
        "service_token", "svc", "--perm", "usertokens.act_for_any", "usertokens.view_any"
    ).communicate(timeout=60)
    assert out, errors
    return out.strip()


def _calls() -> list[tuple[str, str]]:
    """Every operation of the API that may have a body, by its description."""
    generator: Any = SchemaGenerator
    paths = generator().get_schema(request=None, public=True)["paths"]
    return [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path, operations in paths.items()
        for method in operations
        if method in {"post", "put", "patch"}
    ]


def _send(site: Site, method: str, path: str, rest: bytes, *headers: bytes) -> int:
    """The status of a request whose sender goes away; 0 when the connection was closed without one."""
    head = (
        f"{method} {path} HTTP/1.1".encode(), b"Host: 127.0.0.1:%d" % site.port, b"User-Agent: " + BROWSER.encode(),
        b"Sec-Fetch-Site: same-origin", *headers,
    )  # fmt: skip
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
        connection.sendall(b"\r\n".join(head) + b"\r\n" + rest)
        if not rest.endswith(LAST_CHUNK):  # who has sent all of a request waits for its answer
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        parts = connection.makefile("rb").readline().split()
        return int(parts[1]) if parts else 0


def _balance(site: Site, token: str) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{site.port}/api/tokens?userId=test-user-id", headers={"Authorization": f"Token {token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["balance"]


@pytest.mark.parametrize("half", HALVES)
def test_no_call_of_the_api_takes_half_a_body(half: str, site: Site) -> None:
    calls = _calls()
    assert len(calls) > 15
    answers = {call: _send(site, *call, HALVES[half], b"Content-Type: application/json") for call in calls}
    assert {call: status for call, status in answers.items() if status not in (400, 411)} == {}


@pytest.mark.parametrize("half", HALVES)
def test_no_form_takes_half_a_body(half: str, site: Site) -> None:
    rest = HALVES[half].replace(BODY, b"amount=1234.5").replace(BODY[:5], b"amoun")
    kind = b"Content-Type: application/x-www-form-urlencoded"
    answers = {path: _send(site, "POST", path, rest, kind) for path in FORMS}
    assert {path: status for path, status in answers.items() if status not in (400, 411)} == {}


def test_half_a_request_spends_nothing(site: Site, token: str) -> None:
    before = _balance(site, token)
    for rest in HALVES.values():
        for path in ("/api/generations", "/api/tokens/spend", "/api/tokens/holds"):
            status = _send(
                site, "POST", f"{path}?userId=test-user-id", rest, b"Authorization: Token " + token.encode(),
                b"Content-Type: application/json",
            )  # fmt: skip
            assert status in (400, 411)
    assert _balance(site, token) == before


def test_chunks_that_arrive_whole_are_taken(site: Site, token: str) -> None:
    before = _balance(site, token)
    body = b'{"amount": 3, "reason": "x", "userId": "test-user-id"}'
    for rest in (
        b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        b"%x;a=b\r\n%b\r\n%X\r\n%b\r\n0\r\n\r\n" % (10, body[:10], len(body) - 10, body[10:]),
    ):
        headers = (b"Authorization: Token " + token.encode(), b"Content-Type: application/json")
        assert _send(site, "POST", "/api/tokens/spend", CHUNKED + rest, *headers) == 200
    assert _balance(site, token) == before - 6


class TestForgedHeaders:
    """A proxy appends to X-Forwarded-For, and passes on what it does not know: X_Forwarded_For among it."""

    @pytest.mark.parametrize("name", [b"X_Forwarded_For", b"x_forwarded-for", b"X-Forwarded_For", b"X_FORWARDED_FOR"])
    @pytest.mark.parametrize("first", [True, False])
    def test_no_underscore_speaks_for_the_proxy(self, name: bytes, first: bool, site: Site) -> None:
        def visit(forged: bytes) -> Any:
            lines = [name + b": " + forged, b"X-Forwarded-For: 10.9.9.9"]
            head = (
                b"POST /api/stats/visit HTTP/1.1", b"Host: 127.0.0.1:%d" % site.port, b"Content-Type: application/json",
                b"User-Agent: " + BROWSER.encode(), *(lines if first else lines[::-1]), b"Content-Length: 2",
                b"Connection: close", b"", b"{}",
            )  # fmt: skip
            with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
                connection.sendall(b"\r\n".join(head))
                return json.loads(connection.makefile("rb").read().partition(b"\r\n\r\n")[2])

        visit(b"10.9.9.9")
        before = visit(b"10.9.9.9")["visitors"]
        answers = [visit(b"203.0.113.%d" % number) for number in range(10)]
        assert {answer["reason"] for answer in answers} == {"seen"}
        assert answers[-1]["visitors"] == before


@pytest.mark.parametrize("key", ["für 7".encode("latin-1"), "für 7".encode(), b"a\tb", b""])
def test_a_key_that_is_not_ascii_is_refused_and_not_left_out(key: bytes, site: Site, token: str) -> None:
    body = b'{"amount": 3, "reason": "x", "userId": "test-user-id"}'
    before = _balance(site, token)
    headers = (b"Content-Type: application/json", b"Authorization: Token " + token.encode(), b"Idempotency-Key: " + key)
    chunks = CHUNKED + b"%x\r\n" % len(body) + body + b"\r\n" + LAST_CHUNK
    assert _send(site, "POST", "/api/tokens/spend", chunks, *headers) == 400
    assert _balance(site, token) == before
