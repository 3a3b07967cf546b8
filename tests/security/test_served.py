"""The server itself, byte by byte over a socket: what no client of ours would send, and no test client could."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from tests.faults.site import BROWSER, Site, own_site

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

HUNG_UP = 0
CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with own_site() as site:
        yield site


def status(site: Site, head: bytes, *headers: bytes, body: bytes = b"", host: bool = True) -> int:
    """The status of one request, sent as it stands. body: sent until the server has heard enough."""
    own = (b"Host: 127.0.0.1:%d" % site.port, b"User-Agent: " + BROWSER.encode()) if host else ()
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough, and has answered
            connection.sendall(b"\r\n".join((head, *own, *headers, b"", b"")) + body)
        try:
            parts = connection.makefile("rb").readline().split()
        except ConnectionResetError:  # what was still on its way is answered by the network
            return HUNG_UP
        return int(parts[1]) if parts else HUNG_UP


def test_headers_without_end_are_refused(site: Site) -> None:
    assert status(site, b"GET / HTTP/1.1", b"X: " + b"a" * 600_000) in (431, HUNG_UP)
    assert status(site, b"GET / HTTP/1.1", *(b"X%d: a" % number for number in range(300))) in (431, HUNG_UP)
    assert status(site, b"GET /" + b"a" * 70_000 + b" HTTP/1.1") in (404, 414, HUNG_UP)


@pytest.mark.parametrize("header", [b"X: a\x00b", b"X: a\nSet-Cookie: y=1\x00", b"X Y: a", b": a", b"X: \x7f"])
def test_a_header_that_is_none_is_refused(header: bytes, site: Site) -> None:
    assert status(site, b"GET / HTTP/1.1", header) == 400


def test_no_host_two_hosts_or_anothers_are_refused(site: Site) -> None:
    assert status(site, b"GET / HTTP/1.1", host=False) == 400
    assert status(site, b"GET / HTTP/1.0", host=False) == 400
    assert status(site, b"GET / HTTP/1.1", b"Host: evil.example") == 400
    assert status(site, b"GET / HTTP/1.1", b"Host: evil.example", host=False) == 400
    assert status(site, b"GET / HTTP/1.1", b"Host: 127.0.0.1@evil.example", host=False) == 400


@pytest.mark.parametrize(
    "headers",
    [
        (b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        (b"Content-Length: 5", b"Content-Length: 6"),
        (b"Content-Length: -5",),
        (b"Content-Length: 5x",),
        (b"Transfer-Encoding: xchunked",),
        (b"Transfer-Encoding: chunked, identity",),
    ],
)
def test_a_body_of_two_lengths_is_refused(headers: tuple[bytes, ...], site: Site) -> None:
    """Otherwise a proxy before us and we could part two requests at different places."""
    assert status(site, b"POST /api/track-usage HTTP/1.1", *headers, body=b"0\r\n\r\n") == 400


@pytest.mark.parametrize(("path", "code"), [(b"/api/track-usage", 413), (b"/api/webhooks/stripe", 503), (b"/pay", 413)])
def test_a_body_in_chunks_is_read_no_further_than_it_may_be_long(path: bytes, code: int, site: Site) -> None:
    kind = b"application/x-www-form-urlencoded" if path == b"/pay" else b"application/json"
    headers = (b"Content-Type: " + kind, b"Transfer-Encoding: chunked")
    assert status(site, b"POST " + path + b" HTTP/1.1", *headers, body=CHUNK * 60 + b"0\r\n\r\n") in (
        code,
        413,
        HUNG_UP,
    )


@pytest.mark.parametrize(("path", "code"), [(b"/api/track-usage", 413), (b"/pay", 413), (b"/accounts/login", 413)])
def test_a_body_that_says_it_is_endless_is_not_waited_for(path: bytes, code: int, site: Site) -> None:
    headers = (b"Content-Type: multipart/form-data; boundary=x", b"Content-Length: 1000000000000")
    assert status(site, b"POST " + path + b" HTTP/1.1", *headers, body=b"--x\r\n") == code


@pytest.mark.parametrize("megabytes", [2, 5, 8])
@pytest.mark.parametrize("path", ["/api/track-usage", "/api/webhooks/stripe"])
def test_who_sends_too_much_reads_that_it_was_too_much(path: str, megabytes: int, site: Site) -> None:
    """Python's client, as others, reads nothing before it has sent all."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    with closing(connection):
        connection.request("POST", path, b" " * (megabytes << 20), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, json.load(answer)["code"]) == (413, "too_large")


def test_heads_that_never_end_keep_nobody_waiting(site: Site) -> None:
    connections = [socket.create_connection(("127.0.0.1", site.port), timeout=10) for _ in range(100)]
    try:
        for connection in connections:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        assert status(site, b"GET /healthz HTTP/1.1") == 200
    finally:
        for connection in connections:
            connection.close()


def test_bodies_that_never_end_keep_nobody_waiting(site: Site) -> None:
    """They are read on the event loop: a slow sender holds no thread."""
    head = b"POST /api/track-usage HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n" % site.port
    connections = [socket.create_connection(("127.0.0.1", site.port), timeout=10) for _ in range(100)]
    try:
        for connection in connections:
            connection.sendall(head + b"Content-Length: 0000000000000000100\r\n\r\n{")
        for path in (b"/", b"/healthz", b"/api/stats"):
            assert status(site, b"GET " + path + b" HTTP/1.1") == 200
        for _ in range(8):
            assert status(site, b"POST /api/stats/visit HTTP/1.1", b"Content-Length: 2", body=b"{}") == 200
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize(
    "path", [b"/static/../../etc/passwd", b"/static/%2e%2e/%2e%2e/config/settings.py", b"/static//etc/passwd"]
)
def test_static_files_are_all_there_is_to_fetch(path: bytes, site: Site) -> None:
    assert status(site, b"GET " + path + b" HTTP/1.1") == 404
