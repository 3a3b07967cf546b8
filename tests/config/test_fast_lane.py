"""The fast lane and Django give the same answers, and leave the same in the store."""

from __future__ import annotations

import asyncio
import io
import logging
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from kv.errors import StoreUnavailable
from kv.store.client import LeanClient
from kv.store.cluster import ClusterClient
from kv.web import fast_lane
from kv.web.lane.calls import FAILED, Failure
from kv.web.lane.lane import Lane
from stats.services.receipts import sign_receipt
from tests.config.lane_requests import Asked, asked
from tests.config.lane_sides import alike, answer, answer_async, answer_at_once, connected, disconnected
from tests.lanes import site
from tests.midday import midday_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_counts")]

LIMITS = {"visit": "60/minute", "track": "60/minute", "qr": "60/minute", "code": "60/minute", "codes": "90/minute"}
#: Settings of sites, each with as many requests.
SITES: dict[str, dict[str, Any]] = {
    "plain": {},
    "limited": {"RATE_LIMITS": LIMITS},
    "behind two proxies": {
        "NUM_PROXIES": 2, "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "CODETAGS_COUNTRY_HEADER": "CF-IPCountry",
    },
    "https alone": {
        "SECURE_SSL_REDIRECT": True, "SECURE_HSTS_SECONDS": 60, "SECURE_HSTS_PRELOAD": True, "NUM_PROXIES": 1,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"), "SESSION_COOKIE_SAMESITE": "None",
    },
    "with front ends": {
        "CORS_ORIGINS": ["http://app.example:3000"], "CORS_ALLOWED_ORIGINS": ["http://app.example:3000"],
        "USE_X_FORWARDED_HOST": True, "ACCESS_LOG": True,
    },
    "of codes of another pattern": {"CODETAGS_PATTERN": "[A-Z][A-Z0-9-]{1,3}", "CODETAGS_BACKSTOP_SECONDS": 0},
}  # fmt: skip
REQUESTS = 600


@pytest.fixture(autouse=True)
def _the_tests_connection() -> Iterator[None]:
    """It is in a transaction. Django's own client keeps it open like this; these requests are made without a client."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.own_loop
@pytest.mark.parametrize("name", SITES)
def test_both_lanes_answer_alike(name: str, store: Any, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver", ".other.example"]
    settings.TIME_ZONE = midday_zone()
    for setting, value in SITES[name].items():
        setattr(settings, setting, value)
    random = Random(f"lanes {name}")  # the same requests at each run
    usual = {"HTTP_X_FORWARDED_PROTO": "https"} if name == "https alone" else {}
    requests = [asked(random, usual) for _ in range(REQUESTS)]
    fast, django = site(fast=True), site(fast=False)
    api: Any = fast.api
    taken = alike(
        requests, store, api.lane, lambda request: answer(fast, request), lambda request: answer(django, request)
    )
    assert_both_work(taken)
    some = requests[: REQUESTS // 2]
    with asyncio.Runner() as runner:
        runner.run(connected())
        taken = alike(
            some, store, api.lane, lambda one: answer_at_once(fast, one, runner), lambda one: answer(django, one)
        )
        runner.run(disconnected())
    assert_both_work(taken, len(some))


def assert_both_work(taken: int, requests: int = REQUESTS) -> None:
    """Neither lane is idle. taken: the requests that the fast lane answered."""
    assert requests / 6 < taken < requests * 5 / 6


#: What browsers send beside, of a page of this site. A cookie of another kind is no session.
BROWSERS = {
    "Firefox": {
        "HTTP_ACCEPT": "*/*", "HTTP_ACCEPT_LANGUAGE": "en-US,en;q=0.5", "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
        "HTTP_ORIGIN": "http://testserver", "HTTP_REFERER": "http://testserver/", "HTTP_CONNECTION": "keep-alive",
        "HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_SEC_FETCH_MODE": "cors", "HTTP_SEC_FETCH_DEST": "empty",
        "HTTP_COOKIE": "cookie_consent=all; qr_counted=AB12", "HTTP_PRIORITY": "u=4", "CONTENT_LENGTH": "0",
    },
    "Chromium behind a proxy": {
        "HTTP_ACCEPT": "*/*", "HTTP_SEC_CH_UA": '"Chromium";v="142"', "HTTP_SEC_CH_UA_MOBILE": "?0",
        "HTTP_SEC_CH_UA_PLATFORM": '"Linux"', "HTTP_SEC_FETCH_STORAGE_ACCESS": "active", "HTTP_DNT": "0",
        "HTTP_ORIGIN": "http://testserver", "HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_X_REQUEST_ID": "0f" * 16,
        "HTTP_X_FORWARDED_FOR": "198.51.100.9", "HTTP_X_FORWARDED_PROTO": "http", "HTTP_X_REAL_IP": "198.51.100.9",
    },
}  # fmt: skip


@pytest.mark.parametrize("browser", BROWSERS)
def test_what_pages_send_costs_one_command_and_no_query(
    browser: str, store: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    usual = [
        Asked("POST", "/api/stats/visit", body=b"{}", headers={"CONTENT_TYPE": "application/json"}),
        Asked("POST", "/api/analytics/qr", "code=DEMO&id=0123456789abcdef0123456789abcdef"),
        Asked("GET", "/api/analytics/qr", "code=ZZZZ"),
        Asked("POST", "/api/track-usage", body=b'{"tool":"payment-qr","id":"0123456789abcdef0123456789abcdef"}',
              headers={"CONTENT_TYPE": "application/json"}),
        Asked("POST", "/api/stats/qr", body=b'{"receipt":"%s"}' % sign_receipt(1250).encode(),
              headers={"CONTENT_TYPE": "application/json"}),
        Asked("GET", "/api/stats"), Asked("GET", "/api/stats"),
    ]  # fmt: skip
    fast: Any = site(fast=True)
    fast.api.application = None  # Django is not asked
    sent: list[int] = []
    for client in (LeanClient, ClusterClient):
        monkeypatch.setattr(client, "send_one", _counting(client.send_one, sent))
    said = []
    with django_assert_num_queries(0):
        for request in [*usual, *usual]:  # scripts are loaded the first time
            request.headers = {**BROWSERS[browser], **request.headers}
            if request.body:
                request.headers.pop("CONTENT_LENGTH", None)
            before = len(sent)
            said.append((answer(fast, request)[0][:3], len(sent) - before))
    assert said[len(usual) :] == [("200", 1)] * 5 + [("200", 0)] * 2


def _counting(function: Any, sent: list[int]) -> Any:
    def noted(self: Any, command: Any) -> Any:
        sent.append(1)
        return function(self, command)

    return noted


#: What `startproject` writes.
THEIR_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


class TestAnotherProject:
    """With paths and middleware of its own, by one line in `wsgi.py` or `asgi.py`."""

    @pytest.fixture(autouse=True)
    def _project(self, settings: Any) -> None:
        settings.ROOT_URLCONF = "tests.config.lane_urls"
        settings.MIDDLEWARE = THEIR_MIDDLEWARE
        settings.ALLOWED_HOSTS = ["testserver", ".other.example"]
        settings.TIME_ZONE = midday_zone()

    def test_its_paths_are_those_of_its_url_conf(self) -> None:
        """Not what its own views shadow, wrap, change or extend; nothing with parameters, patterns or languages."""
        assert {(method, path): route.name for (method, path), route in Lane().routes.items()} == {
            ("GET", "/v1/api/stats"): "counts:stats",
            ("GET", "/v1/api/stats/history"): "counts:history",
            ("POST", "/v1/api/stats/visit"): "counts:visit",
            ("POST", "/v1/api/stats/qr"): "counts:qr",
            ("GET", "/hits/new"): "new_hit",
            ("POST", "/hits/new"): "new_hit",
        }

    def test_wsgi(self, store: Any) -> None:
        django = WSGIHandler()
        fast = fast_lane(WSGIHandler())
        random = Random("wsgi")
        requests = [self.moved(asked(random, {})) for _ in range(REQUESTS)]
        assert_both_work(
            alike(requests, store, fast.lane, lambda one: answer(fast, one), lambda one: answer(django, one))
        )

    @pytest.mark.own_loop
    def test_asgi(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        # Django leaves the files of bodies open whose requests it can't make sense of.
        monkeypatch.setattr("django.core.handlers.asgi.tempfile.SpooledTemporaryFile", lambda **_: io.BytesIO())
        django = ASGIHandler()
        fast = fast_lane(ASGIHandler())
        random = Random("asgi")
        requests = [self.moved(asked(random, {})) for _ in range(REQUESTS // 3)]
        for request in requests:  # these lead to the database, by a thread that does not see what this test wrote
            request.headers.pop("HTTP_AUTHORIZATION", None)
            if "session" in request.headers.get("HTTP_COOKIE", "").lower():
                del request.headers["HTTP_COOKIE"]
        with asyncio.Runner() as runner:
            taken = alike(
                requests,
                store,
                fast.lane,
                lambda one: runner.run(answer_async(fast, one)),
                lambda one: runner.run(answer_async(django, one)),
            )
            runner.run(disconnected())
        assert_both_work(taken, len(requests))

    @staticmethod
    def moved(request: Asked) -> Asked:
        request.path = request.path.replace("/api/analytics/qr", "/hits/new").replace("/api/", "/v1/api/")
        return request

    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("MIDDLEWARE", [*THEIR_MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]),
            ("MIDDLEWARE", [*THEIR_MIDDLEWARE, "django.middleware.gzip.GZipMiddleware"]),
            ("CSRF_USE_SESSIONS", True),
            ("DISALLOWED_USER_AGENTS", [1]),
            ("PREPEND_WWW", True),
            ("FORCE_SCRIPT_NAME", "/site"),
        ],
    )
    def test_what_it_does_not_know_closes_it(
        self, setting: str, value: Any, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        setattr(settings, setting, value)
        with caplog.at_level(logging.WARNING, "kv.web.lane"):
            assert Lane().routes == {}
        assert "the fast lane is closed: " in caplog.text

    def test_middleware_can_be_named_that_need_not_see_these_calls(self, settings: Any) -> None:
        ignored = "django.middleware.locale.LocaleMiddleware"
        settings.MIDDLEWARE = [*THEIR_MIDDLEWARE, ignored]
        assert len(Lane(ignored=[ignored]).routes) == 6


def test_what_failed_on_the_loop_is_not_tried_again_in_a_thread(store: Any) -> None:
    """The answer would wait for a silent store twice, and what was sent might be done twice."""
    api: Any = site(fast=True).api
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/api/stats/visit", "QUERY_STRING": "", "HTTP_HOST": "testserver",
        "REMOTE_ADDR": "203.0.113.7", "HTTP_USER_AGENT": "Mozilla/5.0", "wsgi.url_scheme": "http",
    }  # fmt: skip
    assert api.lane.answer(dict(environ)) is not None
    assert api.lane.answer({**environ, FAILED: Failure(StoreUnavailable("away"), asked_who=False)}) is None
