"""From granian's scope to WSGI's environment. What granian does with bytes: tests/security/test_half_requests.py."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from config import rsgi
from config.rsgi import WsgiAdapter, environ_of
from tests.faults.servers import wait_until
from tests.house.tree import ROOT
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class Headers:
    """What granian gives: lower-case names, a pair for each line but those whose value is not ASCII."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.pairs = pairs

    def items(self) -> list[tuple[str, str]]:
        return [pair for pair in self.pairs if pair[1].isascii()]

    def keys(self) -> list[str]:
        return list(dict(self.pairs))

    def __len__(self) -> int:
        return len(self.keys())


class Scope:
    """One request."""

    http_version, scheme, method, path, query_string = "1.1", "http", "POST", "/café", "a=1"
    server, client = "127.0.0.1:8000", "[2001:db8::1]:1234"

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.headers = Headers(*pairs)


class Protocol:
    """The other end of a request: a body that comes when `sent` is set, and the answer."""

    def __init__(self) -> None:
        self.asked, self.sent = asyncio.Event(), asyncio.Event()
        self.answers: list[tuple[int, Any, bytes]] = []

    async def __call__(self) -> bytes:
        self.asked.set()
        await self.sent.wait()
        return b"{}"

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
        self.answers.append((status, headers, body))


def _run(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: where a browser was driven before, this one has an event loop already."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


class TestEnvironment:
    def test_a_name_with_an_underscore_is_nobodys(self) -> None:
        environ = environ_of(
            Scope(("x_forwarded_for", "9.9.9.9"), ("x-forwarded-for", "1.1.1.1"), ("x_forwarded-for", "8.8.8.8"))
        )
        assert environ["HTTP_X_FORWARDED_FOR"] == "1.1.1.1"

    @pytest.mark.parametrize("name", ["content_length", "content_type", "http_host", "x_a", "sec_fetch-site"])
    def test_nor_any_other_such(self, name: str) -> None:
        assert "9" not in [value for value in environ_of(Scope((name, "9"))).values() if isinstance(value, str)]

    def test_lines_of_one_name_are_one(self) -> None:
        environ = environ_of(
            Scope(("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "2.2.2.2"), ("cookie", "a=1"), ("cookie", "b=2"))
        )
        assert (environ["HTTP_X_FORWARDED_FOR"], environ["HTTP_COOKIE"]) == ("1.1.1.1,2.2.2.2", "a=1; b=2")

    def test_a_value_that_is_not_ascii_is_empty_and_not_left_out(self) -> None:
        environ = environ_of(Scope(("idempotency-key", "für 7"), ("user_agent", "é"), ("host", "x")))
        assert (environ["HTTP_IDEMPOTENCY_KEY"], environ["HTTP_HOST"]) == ("", "x")
        assert "HTTP_USER_AGENT" not in environ

    def test_the_rest_is_as_pep_3333_says(self) -> None:
        environ = environ_of(Scope(("content-length", "2"), ("content-type", "text/plain"), ("host", "x")))
        assert environ["PATH_INFO"].encode("latin-1").decode() == "/café"
        assert environ["REMOTE_ADDR"] == "2001:db8::1"
        assert (environ["CONTENT_LENGTH"], environ["CONTENT_TYPE"], environ["HTTP_HOST"]) == ("2", "text/plain", "x")
        assert "HTTP_CONTENT_LENGTH" not in environ


def test_an_empty_body_is_not_waited_for() -> None:
    """Reading it would cost a request a turn through the server's threads."""

    async def serve() -> Protocol:
        served = WsgiAdapter(lambda environ, start: start("200 OK", []) or [environ["wsgi.input"].read()], threads=1)
        served.__rsgi_init__(asyncio.get_running_loop())
        protocol = Protocol()  # whose body never comes
        await served.__rsgi__(Scope(("content-length", "0")), protocol)
        assert not protocol.asked.is_set()
        return protocol

    assert _run(serve()).answers == [(200, [], b"")]


class TestSlowBodies:
    def test_one_that_never_comes_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rsgi, "_BODY_SECONDS", -1.0)

        async def serve() -> Protocol:
            served = WsgiAdapter(lambda environ, start: [], threads=0)
            served.__rsgi_init__(asyncio.get_running_loop())
            protocol = Protocol()
            await served.__rsgi__(Scope(("content-length", "2")), protocol)
            return protocol

        ((status, _, body),) = _run(serve()).answers
        assert (status, json.loads(body)["code"]) == (408, "body_timeout")

    def test_too_many_at_once_are_told_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rsgi, "_MAX_PENDING", 1)

        async def serve() -> tuple[Protocol, Protocol]:
            served = WsgiAdapter(lambda environ, start: start("200 OK", []) or [b"read"], threads=1)
            served.__rsgi_init__(asyncio.get_running_loop())
            first, second = Protocol(), Protocol()
            waiting = asyncio.create_task(served.__rsgi__(Scope(("content-length", "2")), first))
            await first.asked.wait()
            await served.__rsgi__(Scope(("content-length", "2")), second)
            first.sent.set()
            await waiting
            return first, second

        first, second = _run(serve())
        assert [answer[0] for answer in first.answers] == [200]
        assert json.loads(second.answers[0][2])["code"] == "busy"


# An application whose caught exception outlives the request, with its frame and those around it, until the next
# collection of garbage.
_STREAMING = """
import asyncio, sys
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from config.rsgi import WsgiAdapter

kept = []

def application(environ, start_response):
    try:
        raise LookupError
    except LookupError as error:
        kept.append(error)
    start_response("200 OK", [])
    return iter([b"first\\n", b"last\\n"])

adapter, kind = WsgiAdapter(application), {"interface": Interfaces.RSGI, "http": HTTPModes.http1}
asyncio.run(Server(adapter, "127.0.0.1", int(sys.argv[1]), **kind).serve())
"""


def test_a_stream_ends_although_an_exception_is_kept() -> None:
    port = free_port()

    def is_there() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen([sys.executable, "-c", _STREAMING, str(port)], env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_until(is_there)
        client = HTTPConnection("127.0.0.1", port, timeout=5)
        client.request("GET", "/")
        assert client.getresponse().read() == b"first\nlast\n"
        client.close()
    finally:
        server.kill()
        server.wait()
