"""Every lane of the site: the request's id, its count, and its line in the access log."""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from config.logs import CONFIGURATION, JsonLines, LeaveOutRequest
from config.rsgi import WsgiAdapter
from config.wsgi import SiteApplication
from kv.monitoring.counts import request_counts
from kv.monitoring.logs import RequestIds
from tests.config.requests_of_granian import Protocol, Scope, serve
from tests.site_client import SiteClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lane", "own_counts")]

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"


class Log(logging.Handler):
    """The JSON lines that the site's handler would write."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        for name in ("plain", "request_ids"):
            assert name in CONFIGURATION["handlers"]["console"]["filters"]  # type: ignore[index] # a dict of dicts
        self.addFilter(LeaveOutRequest())
        self.addFilter(RequestIds())
        form: Any = CONFIGURATION["formatters"]["json"]  # type: ignore[index] # a dict of dicts
        self.setFormatter(JsonLines(form["format"], rename_fields=form["rename_fields"]))

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.texts]


@pytest.fixture
def log(settings: Any) -> Any:
    settings.ACCESS_LOG = True
    handler = Log()
    access = logging.getLogger("kv.access")
    access.addHandler(handler)
    yield handler
    access.removeHandler(handler)


def count(method: str, route: str, status: int) -> int:
    found = request_counts().read().get((method, route, status))
    return found.count if found else 0


@pytest.mark.parametrize(
    ("asked", "route", "status"),
    [
        (("GET", "/api/stats"), "stats_api:stats", 200),
        (("GET", "/healthz"), "healthz", 200),
        (("GET", "/"), "home", 200),
        (("GET", "/fr/pay"), "stats:pay", 200),
        (("HEAD", "/pay"), "stats:pay", 200),
        (("GET", "/api/nothing"), "other", 404),
        (("GET", "/wp-login.php"), "other", 404),
        (("DELETE", "/api/stats"), "stats_api:stats", 405),
        (("GET", "/dashboard"), "usertokens:dashboard", 302),
        (("GET", "/admin/"), "admin:index", 302),
        (("GET", "/api/dashboard"), "usertokens_api:dashboard", 401),
        (("GET", "/favicon.ico"), "config.pages.favicon", 302),
    ],
)
def test_each_lane(asked: tuple[str, str], route: str, status: int, store: Any, log: Log) -> None:
    method, path = asked
    before = count(method, route, status)
    answer = SiteClient().generic(method, path, headers={"X-Request-ID": "lane-1", "User-Agent": AGENT})
    assert answer.status_code == status
    assert answer["X-Request-ID"] == "lane-1"
    assert count(method, route, status) == before + 1
    (line,) = log.lines
    assert {name: line[name] for name in ("method", "route", "status", "request_id", "logger")} == {
        "method": method, "route": route, "status": status, "request_id": "lane-1", "logger": "kv.access",
    }  # fmt: skip
    assert line["bytes"] == (0 if method == "HEAD" else len(answer.content))
    assert line["ms"] >= 0
    assert set(line) == {"at", "level", "logger", "message", "method", "route", "status", "ms", "bytes", "request_id"}


def test_nothing_private_is_in_the_line(store: Any, log: Log) -> None:
    SiteClient(REMOTE_ADDR="203.0.113.77").get(
        "/api/analytics/qr?code=DEMO&email=ada%40example.org",
        headers={
            "Authorization": "Token 0123456789abcdef", "User-Agent": AGENT, "Referer": "https://example.org/x",
            "X-Request-ID": "203.0.113.78",
        },
    )  # fmt: skip
    (text,) = log.texts
    for word in ("203.0.113", "0123456789abcdef", "Firefox", "DEMO", "example.org", "analytics/qr?"):
        assert word not in text


def test_it_is_off_by_default(store: Any, settings: Any, log: Log) -> None:
    del settings.ACCESS_LOG
    settings.ACCESS_LOG = False
    SiteClient().get("/healthz")
    assert log.lines == []


def test_a_failure_of_a_view_is_counted_and_its_traceback_has_the_id(
    store: Any, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    django = logging.getLogger("django.request")
    django.addHandler(log)
    monkeypatch.setattr("stats.views.api.fresh_figures", lambda: 1 / 0, raising=False)
    monkeypatch.setattr("stats.services.figures.fresh_figures", lambda: 1 / 0)
    client = SiteClient()
    client.raise_request_exception = False
    try:
        answer = client.get("/api/stats", headers={"X-Request-ID": "broken-1"})
    finally:
        django.removeHandler(log)
    assert answer.status_code == 500
    assert [line["request_id"] for line in log.lines] == ["broken-1", "broken-1"]
    assert "ZeroDivisionError" in log.lines[0]["exc_info"]


class TestBeforeDjango:
    def test_a_body_refused_on_the_event_loop(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("config.rsgi._BODY_SECONDS", -1.0)

        async def served() -> Protocol:
            adapter = WsgiAdapter(lambda environ, start: [], threads=0)
            adapter.start(asyncio.get_running_loop())
            return await serve(adapter, Scope(("content-length", "2"), ("x-request-id", "early-1")))

        before = count("POST", "other", 408)
        with ThreadPoolExecutor(1) as threads:
            protocol = threads.submit(asyncio.run, served()).result()
        ((status, headers, _),) = protocol.answers
        assert (status, dict(headers)["X-Request-ID"]) == (408, "early-1")
        assert count("POST", "other", 408) == before + 1
        assert [(line["status"], line["request_id"]) for line in log.lines] == [(408, "early-1")]

    def test_a_failure_outside_of_django(self, log: Log) -> None:
        outside = logging.getLogger("config.rsgi")
        outside.addHandler(log)

        async def served() -> Protocol:
            adapter = WsgiAdapter(lambda environ, start: [1 / 0], threads=1)  # type: ignore[list-item] # it fails on purpose
            adapter.start(asyncio.get_running_loop())
            return await serve(adapter, Scope(("x-request-id", "early-2")))

        try:
            with ThreadPoolExecutor(1) as threads:
                protocol = threads.submit(asyncio.run, served()).result()
        finally:
            outside.removeHandler(log)
        ((status, headers, _),) = protocol.answers
        assert (status, dict(headers)["X-Request-ID"]) == (500, "early-2")
        assert [line["request_id"] for line in log.lines] == ["early-2", "early-2"]

    def test_a_body_refused_under_another_server(self, log: Log) -> None:
        site = SiteApplication.__new__(SiteApplication)
        started: list[Any] = []
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/api/stats/visit", "HTTP_TRANSFER_ENCODING": "chunked"}
        site(environ, lambda *given: started.append(given))
        ((status, headers),) = started
        assert status.startswith("411")
        assert len(dict(headers)["X-Request-ID"]) == 32
        assert [line["status"] for line in log.lines] == [411]
