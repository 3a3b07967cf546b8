"""Which ids are taken, and that the lines of a request and of a duty's run have theirs."""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
import sys
import threading
from datetime import datetime
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from kv.monitoring.logs import RequestIds, ZonedTimes
from kv.monitoring.middleware import RequestMiddleware
from kv.process import request_ids
from kv.work.duties import Duty, run_duty
from kv.work.worker import Worker
from tests.house.tree import ROOT

MADE = re.compile(r"[0-9a-f]{32}")


@pytest.fixture(autouse=True)
def _outside_of_requests() -> Any:
    yield
    request_ids.forget()


class TestAccepted:
    @pytest.mark.parametrize(
        "text",
        ["a", "7f9c24e8-3b12-4fef-91e0-56a2d4f1c3aa", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "req_9.b-C", "x" * 128, "0"],
    )
    def test_as_it_is(self, text: str) -> None:
        assert request_ids.accept_id(text) == text

    @pytest.mark.parametrize(
        "text",
        [
            *(
                None,
                "",
                " ",
                "a b",
                "x" * 129,
                "a\nb",
                "a\r\nSet-Cookie: x=1",
                'a"b',
                "{}",
                "é",
                "a,b",
                "a\0",
                "\x1b[2J",
            ),
            *(
                "203.0.113.7",
                "req-203.0.113.7-1",
                "2001:db8::7",
                "somebody@example.org",
                "a/b",
                "<script>",
                "%0A",
                "a;b",
            ),
        ],
    )
    def test_or_replaced_by_a_new_one(self, text: str | None) -> None:
        assert MADE.fullmatch(request_ids.accept_id(text))

    def test_new_ones_differ(self) -> None:
        assert len({request_ids.new_id() for _ in range(100)}) == 100

    def test_the_id_of_a_request_stays(self) -> None:
        meta: dict[str, Any] = {}
        assert request_ids.id_of(meta) == request_ids.id_of(meta)


class TestMiddleware:
    def test_answers_with_the_id_and_sets_it_for_the_log(self) -> None:
        seen: list[str] = []

        def view(request: HttpRequest) -> HttpResponse:
            seen.append(request_ids.current_id())
            return HttpResponse("x")

        request = RequestFactory(headers={"X-Request-ID": "mine-1"}).get("/")
        assert RequestMiddleware(view)(request)["X-Request-ID"] == "mine-1"
        made = RequestMiddleware(view)(RequestFactory().get("/"))["X-Request-ID"]
        assert MADE.fullmatch(made)
        assert seen == ["mine-1", made]

    def test_serves_an_asynchronous_project(self) -> None:
        async def view(request: HttpRequest) -> HttpResponse:
            return HttpResponse(request_ids.current_id())

        async def serve() -> Any:
            return await RequestMiddleware(view)(RequestFactory(headers={"X-Request-ID": "mine-2"}).get("/"))

        served: list[Any] = []
        thread = threading.Thread(target=lambda: served.append(asyncio.run(serve())))
        thread.start()
        thread.join()
        assert (served[0]["X-Request-ID"], served[0].content) == ("mine-2", b"mine-2")


class Lines(logging.Handler):
    """What a handler with our filter and formatter writes."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(RequestIds())
        self.setFormatter(ZonedTimes("%(asctime)s|%(request_id)s|%(message)s"))
        self.lines: list[list[str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record).split("|"))


@pytest.fixture
def lines() -> Any:
    handler, log = Lines(), logging.getLogger("tests.request_ids")
    log.addHandler(handler)
    logging.getLogger("kv.work.worker").addHandler(handler)
    yield handler.lines
    log.removeHandler(handler)
    logging.getLogger("kv.work.worker").removeHandler(handler)


def test_times_have_a_zone(lines: Any) -> None:
    logging.getLogger("tests.request_ids").warning("x")
    at = datetime.fromisoformat(lines[0][0])
    assert at.tzinfo is not None
    assert abs((datetime.now(at.tzinfo) - at).total_seconds()) < 3600
    assert lines[0][1] == ""


class TestDuties:
    def test_each_run_has_an_id(self, store: Any, lines: Any) -> None:
        log = logging.getLogger("tests.request_ids")
        duty = Duty("tests_ids", every=0.001, lease=30, run=lambda: log.warning("ran"))
        run_duty(duty)
        run_duty(duty)
        first, second = (line[1] for line in lines)
        assert MADE.fullmatch(first)
        assert MADE.fullmatch(second)
        assert first != second
        assert request_ids.current_id() == ""

    def test_a_failure_is_logged_with_the_id_of_its_run(self, store: Any, lines: Any) -> None:
        log = logging.getLogger("tests.request_ids")

        def fail() -> None:
            log.warning("before")
            raise ValueError

        Worker([Duty("tests_ids_fail", every=60, lease=30, run=fail)]).run_once()
        assert lines[0][1] == lines[1][1] != ""


def test_a_forked_process_makes_others() -> None:
    program = (
        "import os; from kv.process.request_ids import new_id; new_id();"
        "child = os.fork(); child and os.waitpid(child, 0); print(new_id(), flush=True)"
    )
    made = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert len(set(made.split())) == 2
