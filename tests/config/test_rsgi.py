"""Requests from granian to a WSGI application. What granian does with bytes: tests/security/test_half_requests.py."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest

from config import rsgi
from config.rsgi import WsgiAdapter
from kv.web.lane.calls import Answer
from tests.config.requests_of_granian import AtOnce, Protocol, Scope, Watcher, run, serve
from tests.faults.servers import wait_until
from tests.house.tree import ROOT
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_empty_body_is_not_waited_for() -> None:
    """Reading it would cost a request a turn through the server's threads."""

    async def served() -> Protocol:
        adapter = WsgiAdapter(lambda environ, start: start("200 OK", []) or [environ["wsgi.input"].read()], threads=1)
        adapter.start(asyncio.get_running_loop())
        # Its body never comes.
        return await serve(adapter, Scope(("content-length", "0")))

    protocol = run(served())
    assert not protocol.asked.is_set()
    assert protocol.answers == [(200, [], b"")]


class TestSlowBodies:
    def test_one_that_never_comes_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rsgi, "_BODY_SECONDS", -1.0)

        async def served() -> Protocol:
            adapter = WsgiAdapter(lambda environ, start: [], threads=0)
            adapter.start(asyncio.get_running_loop())
            return await serve(adapter, Scope(("content-length", "2")))

        ((status, _, body),) = run(served()).answers
        assert (status, json.loads(body)["code"]) == (408, "body_timeout")

    def test_too_many_at_once_are_told_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rsgi, "_MAX_PENDING", 1)

        async def served() -> tuple[Protocol, Protocol]:
            adapter = WsgiAdapter(lambda environ, start: start("200 OK", []) or [b"read"], threads=1)
            adapter.start(asyncio.get_running_loop())
            first = Protocol()
            waiting = asyncio.create_task(serve(adapter, Scope(("content-length", "2")), first))
            await first.asked.wait()
            second = await serve(adapter, Scope(("content-length", "2")))
            first.sent.set()
            await waiting
            return first, second

        first, second = run(served())
        assert [answer[0] for answer in first.answers] == [200]
        assert json.loads(second.answers[0][2])["code"] == "busy"


class TestWithoutTheLoop:
    """A request without a body is answered while the loop does something else: it never passes it."""

    def test_by_a_thread(self) -> None:
        async def served() -> Watcher:
            adapter = WsgiAdapter(lambda environ, start: start("200 OK", []) or [b"here"], threads=1)
            adapter.start(asyncio.get_running_loop())
            watcher = Watcher(Scope(), Protocol())
            adapter.take(watcher)
            watcher.ended.result(10)  # the loop stands still
            return watcher

        assert run(served()).proto.answers == [(200, [], b"here")]

    def test_by_what_answers_at_once(self) -> None:
        async def served() -> Watcher:
            adapter = WsgiAdapter(AtOnce(Answer(200, {"Allow": "GET"}, b"{}")), threads=0)
            adapter.start(asyncio.get_running_loop())
            watcher = Watcher(Scope(), Protocol())
            with ThreadPoolExecutor(1) as granians:
                granians.submit(adapter.take, watcher).result()
            watcher.ended.result(0)
            return watcher

        assert run(served()).proto.answers == [(200, [("Allow", "GET")], b"{}")]

    def test_what_it_leaves_is_served_by_a_thread(self) -> None:
        async def served() -> Watcher:
            adapter = WsgiAdapter(AtOnce(None), threads=1)
            adapter.start(asyncio.get_running_loop())
            watcher = Watcher(Scope(), Protocol())
            adapter.take(watcher)
            watcher.ended.result(10)
            return watcher

        assert run(served()).proto.answers == [(200, [], b"by a thread")]


class TestAnswersOfTheLoop:
    """Those of one turn are sent at its end, so that granian's thread is woken once for all."""

    def test_are_sent_together(self) -> None:
        async def served() -> tuple[list[bool], list[Protocol]]:
            adapter = WsgiAdapter(AtOnce(Answer(200, {}, b"{}")), threads=0)
            adapter.start(asyncio.get_running_loop())
            watchers = [Watcher(Scope(), Protocol()) for _ in range(3)]
            for watcher in watchers:
                adapter.take(watcher)
            early = [watcher.ended.done() for watcher in watchers]
            await adapter.drain(10)
            return early, [watcher.proto for watcher in watchers if watcher.ended.done()]

        early, protocols = run(served())
        assert early == [False, False, False]
        assert [protocol.answers for protocol in protocols] == [[(200, [], b"{}")]] * 3

    def test_one_that_can_not_be_sent_keeps_none_of_the_others(self) -> None:
        first, broken, last = self.three(
            lambda second: setattr(second.proto, "response_bytes", lambda *given: 1 / 0),
        )
        assert isinstance(broken.ended.exception(0), ZeroDivisionError)
        assert first.proto.answers == last.proto.answers == [(200, [], b"{}")]

    def test_one_whose_end_fails_keeps_none_of_the_others(self, caplog: pytest.LogCaptureFixture) -> None:
        watchers = self.three(lambda second: setattr(second, "done", lambda: 1 / 0))
        assert [watcher.proto.answers for watcher in watchers] == [[(200, [], b"{}")]] * 3
        assert [record.message for record in caplog.records] == ["the end of a request failed"]

    @staticmethod
    def three(spoil: Callable[[Watcher], None]) -> list[Watcher]:
        """Three requests of one turn, the second of which is spoilt."""

        async def served() -> list[Watcher]:
            adapter = WsgiAdapter(AtOnce(Answer(200, {}, b"{}")), threads=0)
            adapter.start(asyncio.get_running_loop())
            watchers = [Watcher(Scope(), Protocol()) for _ in range(3)]
            spoil(watchers[1])
            for watcher in watchers:
                adapter.take(watcher)
            await adapter.drain(10)
            return watchers

        return run(served())


class TestNothingIsRaised:
    """Granian ends the process for what is raised where it hands a request over."""

    @pytest.mark.parametrize(
        ("broken", "length"),
        [("scope", "0"), ("begin", "0"), ("begin", "2"), ("answer", "0"), ("answer", "2"), ("refusal", "5")],
    )
    def test_where_it_takes_a_request(self, broken: str, length: str) -> None:
        async def served() -> BaseException | None:
            application = AtOnce(Answer(200, {}, b"{}"))
            watcher = Watcher(Scope(("content-length", length)), Protocol())
            watcher.proto.sent.set()
            match broken:
                case "scope":
                    watcher.scope.headers = None  # type: ignore[assignment] # on purpose
                case "begin":
                    application.begin = lambda *given: 1 / 0  # type: ignore[method-assign,assignment] # on purpose
                case _:
                    watcher.proto.response_bytes = lambda *given: 1 / 0  # type: ignore[method-assign,assignment] # on purpose
            adapter = WsgiAdapter(application, threads=0)
            adapter.start(asyncio.get_running_loop())
            adapter.take(watcher)
            await adapter.drain(10)
            assert not adapter._open
            return watcher.ended.exception(0)

        assert isinstance(run(served()), (ZeroDivisionError, AttributeError))


def test_draining_waits_for_requests_in_threads() -> None:
    async def served() -> Protocol:
        begun = threading.Event()

        def slow(environ: dict[str, Any], start: Any) -> list[bytes]:
            begun.set()
            draining.wait(10)
            start("200 OK", [])
            return []

        draining = threading.Event()
        adapter = WsgiAdapter(slow, threads=1)
        loop = asyncio.get_running_loop()
        adapter.start(loop)
        watcher = Watcher(Scope(), Protocol())
        adapter.take(watcher)
        begun.wait(10)
        loop.call_soon(draining.set)  # once the loop waits
        await adapter.drain(10)
        return watcher.proto

    assert run(served()).answers == [(200, [], b"")]


# An application whose caught exception outlives the request, with its frame and those around it, until the next
# collection of garbage.
_STREAMING = """
import asyncio, sys
from config import web_worker
from config.rsgi import WsgiAdapter

kept = []

def application(environ, start_response):
    try:
        raise LookupError
    except LookupError as error:
        kept.append(error)
    start_response("200 OK", [])
    return iter([b"first\\n", b"last\\n"])

web_worker.serve(WsgiAdapter(application), "127.0.0.1", int(sys.argv[1]))
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
