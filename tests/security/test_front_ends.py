"""Front ends elsewhere: which origin may do what, asked of the server itself as browsers ask."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.site import Site, own_site
from tests.security.origins import SENT, Answer, ask, preflight

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

LISTED = "http://app.example:3000"
ELSEWHERE = [
    "http://app.example",
    "https://app.example:3000",
    "http://app.example:30000",
    "http://app.example:3000/",
    "http://app.example:3000/path",
    "http://APP.example:3000",
    "http://app.example:3000.evil.example",
    "http://evil.example/http://app.example:3000",
    "http://app.example:3000@evil.example",
    "http://sub.app.example:3000",
    "http://app.example:3000 http://evil.example",
    "http://[",
    "null",
    "*",
    "",
]
#: The path, and the methods that front ends call it by.
CALLS = {
    "/api/stats/visit": "POST",
    "/api/track-usage": "POST",
    "/api/payment-codes": "POST",
    "/api/analytics/qr": "POST",
    "/api/csrf": "GET",
    "/api/dashboard": "GET",
    "/api/mood": "PATCH",
    "/api/tokens/spend": "POST",
    "/api/nothing-here": "POST",
    "/accounts/login": "POST",
    "/fr/accounts/signup": "POST",
    "/accounts/logout": "POST",
}
OPEN = ("/api/stats", "/api/usage", "/api/stats/history?days=2", "/badge/visitors.svg", "/badge/qr_total.json")
LANES = {"without a session": "", "with a session": "sessionid=none"}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with own_site(started=False) as site:
        site.environment |= {
            "CORS_ORIGINS": f"{LISTED}, http://127.0.0.1:5173",
            "RATE_LIMITS": "usage=100/minute,track=40/minute",
        }
        site.start()
        yield site


@pytest.fixture(scope="module")
def closed() -> Iterator[Site]:
    """A site without front ends elsewhere."""
    with own_site(started=False) as site:
        site.environment |= {"CORS_ORIGINS": ""}
        site.start()
        yield site


@pytest.mark.parametrize("cookie", LANES.values(), ids=LANES)
@pytest.mark.parametrize("path", CALLS)
def test_a_listed_origin_may_send_what_it_needs(path: str, cookie: str, site: Site) -> None:
    answer = preflight(site, path, LISTED, CALLS[path], cookie=cookie)
    assert answer.status == 200
    assert answer.allowed == (LISTED, "true")
    assert CALLS[path] in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert set(SENT) <= set(answer.headers["Access-Control-Allow-Headers"].lower().split(", "))
    assert answer.varies_by_origin
    assert answer.body == b""


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_any_other_may_do_nothing(origin: str, site: Site) -> None:
    for path, method in CALLS.items():
        for cookie in LANES.values():
            asked = preflight(site, path, origin, method, cookie=cookie)
            assert asked.of_cors == [], path
            called = ask(site, method, path, origin, body={} if method != "GET" else None, Cookie=cookie)
            assert called.of_cors == [], path
            assert called.varies_by_origin, path


@pytest.mark.parametrize("path", ["/", "/pay", "/admin/", "/accounts/password", "/healthz", "/readyz", "/metrics"])
def test_pages_are_for_no_front_end(path: str, site: Site) -> None:
    assert ask(site, "GET", path, LISTED).of_cors == []
    assert preflight(site, path, LISTED, "POST").of_cors == []


class TestFiguresForEverybody:
    @pytest.mark.parametrize("path", OPEN)
    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
    def test_have_a_star(self, path: str, method: str, site: Site, closed: Site) -> None:
        """Without an Origin too: a cache may give that answer to everybody."""
        for origin in (None, "https://stranger.example", "null"):
            for one in (site, closed):
                answer = ask(one, method, path, origin)
                assert answer.allowed == ("*", None)
                assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
                assert not answer.varies_by_origin

    @pytest.mark.parametrize("path", OPEN)
    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
    def test_a_listed_origin_is_one_of_all(self, path: str, method: str, site: Site) -> None:
        """A cache that heeds no Vary gives an answer that it got for one origin to all others."""
        for cookie in LANES.values():
            answers = [ask(site, method, path, origin, Cookie=cookie) for origin in (LISTED, None)]
            assert answers[0].allowed == ("*", None)
            assert not answers[0].varies_by_origin
            assert [answer.of_cors for answer in answers[1:]] == [answers[0].of_cors]
            asked = preflight(site, path, LISTED, "GET", cookie=cookie)
            assert (asked.status, asked.allowed) == (204, ("*", None))

    @pytest.mark.parametrize("path", OPEN)
    def test_are_read_by_a_request_that_needs_a_preflight(self, path: str, site: Site, closed: Site) -> None:
        for one in (site, closed):
            answer = preflight(one, path, "https://stranger.example", "GET", sent=("content-type", "if-none-match"))
            assert (answer.status, answer.allowed) == (204, ("*", None))
            assert {"content-type", "if-none-match"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
            assert "authorization" not in answer.headers["Access-Control-Allow-Headers"]
            assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD"

    @pytest.mark.parametrize("path", [path for path in OPEN if path != "/api/usage"])
    def test_stay_for_a_shared_cache(self, path: str, site: Site) -> None:
        for origin in (None, LISTED, "https://stranger.example"):
            answer = ask(site, "GET", path, origin)
            assert answer.headers["Cache-Control"] == "public, max-age=60"
            assert 0 <= int(answer.headers["Age"]) <= 60
            assert "Set-Cookie" not in answer.headers
            assert answer.headers["Vary"] == ("Accept" if "history" in path else None)

    def test_that_are_refused_say_so_to_everybody(self, site: Site) -> None:
        answers = [
            ask(site, "GET", "/api/usage", "https://stranger.example", X_Forwarded_For="10.9.9.9") for _ in range(101)
        ]
        assert (answers[-1].status, answers[-1].allowed) == (429, ("*", None))
        assert answers[-1].headers["Retry-After"]

    def test_a_plain_options_is_refused_as_ever(self, site: Site) -> None:
        assert ask(site, "OPTIONS", "/api/stats").status == 405


class TestErrorsCanBeRead:
    """A front end shows what went wrong, wherever that was found out."""

    @pytest.mark.parametrize("cookie", LANES.values(), ids=LANES)
    @pytest.mark.parametrize(
        ("status", "call", "more"),
        [
            (400, "POST /api/track-usage", {"body": {"tool": "none"}}),
            (400, "POST /api/track-usage", {"body": b"{", "Content_Type": "application/json"}),
            (401, "POST /api/tokens/spend", {"body": {"amount": 1}}),
            (401, "GET /api/dashboard", {"Authorization": "Token none"}),
            (404, "GET /api/nothing", {}),
            (404, "GET /api", {}),
            (403, "POST /accounts/login", {"Accept": "application/json"}),
            (405, "DELETE /api/stats/visit", {}),
            (413, "POST /api/track-usage", {"body": b" " * 70_000, "Content_Type": "application/json"}),
            (415, "POST /api/track-usage", {"body": b"a=1", "Content_Type": "application/x-www-form-urlencoded"}),
        ],
    )
    def test_by_status(self, status: int, call: str, more: Any, cookie: str, site: Site) -> None:
        method, path = call.split()
        answer = ask(site, method, path, LISTED, Cookie=cookie, **more)
        assert (answer.status, answer.allowed) == (status, (LISTED, "true"))
        assert answer.code
        assert answer.varies_by_origin
        assert {"Retry-After", "RateLimit", "X-Request-ID"} <= set(
            answer.headers["Access-Control-Expose-Headers"].split(", ")
        )

    def test_the_store_is_away(self, site: Site) -> None:
        with site.store.frozen():
            counted = ask(site, "POST", "/api/stats/visit", LISTED, body={})
            read = ask(site, "GET", "/api/usage", "https://stranger.example")
        assert (counted.status, counted.allowed, counted.code) == (503, (LISTED, "true"), "store_unavailable")
        assert (read.status, read.allowed, read.headers["Retry-After"]) == (503, ("*", None), "1")

    def test_another_host_is_refused_as_ever(self, site: Site) -> None:
        assert (
            ask(site, "OPTIONS", "/api/stats", LISTED, Access_Control_Request_Method="GET", Host="evil.example").status
            == 400
        )
        assert ask(site, "GET", "/api/stats", LISTED, Host="evil.example").status == 400

    def test_too_many(self, site: Site) -> None:
        said = [ask(site, "POST", "/api/track-usage", LISTED, body={}, X_Forwarded_For="10.9.9.8") for _ in range(41)]
        assert (said[-1].status, said[-1].allowed) == (429, (LISTED, "true"))

    @pytest.mark.parametrize(
        ("path", "origin", "allowed"),
        [
            ("/api/stats/visit", LISTED, (LISTED, "true")),
            ("/api/stats/visit", "https://stranger.example", (None, None)),
            ("/api/stats", LISTED, ("*", None)),
            ("/api/stats", "https://stranger.example", ("*", None)),
        ],
    )
    def test_a_body_that_breaks_off(self, path: str, origin: str, allowed: Any, site: Site) -> None:
        """Refused before Django."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nOrigin: {origin}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
        )
        with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
            connection.sendall(head.encode())
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            read = Answer(answer.status, answer.headers, answer.read())
        assert (read.status, read.allowed, read.varies_by_origin) == (400, allowed, allowed[0] != "*")
        assert read.code == "incomplete_body"


class TestToken:
    def test_comes_with_its_cookie(self, site: Site) -> None:
        for cookie in LANES.values():
            answer = ask(site, "GET", "/api/csrf", LISTED, Cookie=cookie)
            assert (answer.status, answer.allowed) == (200, (LISTED, "true"))
            assert list(json.loads(answer.body)) == ["csrfToken"]
            assert answer.headers["Set-Cookie"].startswith("csrftoken=")
            assert "SameSite=Lax" in answer.headers["Set-Cookie"]
            assert "no-store" in answer.headers["Cache-Control"]

    def test_is_for_anybody_but_read_by_the_listed_alone(self, site: Site, closed: Site) -> None:
        assert ask(closed, "GET", "/api/csrf").status == 200
        for one in (site, closed):
            assert ask(one, "GET", "/api/csrf", "https://stranger.example").of_cors == []


class TestCounting:
    @pytest.mark.parametrize(
        ("headers", "reason"),
        [
            ({"Origin": LISTED, "Sec-Fetch-Site": "cross-site"}, None),
            ({"Origin": LISTED}, None),
            ({"Origin": LISTED, "Sec-Fetch-Site": "same-site"}, None),
            ({"Referer": f"{LISTED}/page?a=1", "Sec-Fetch-Site": "cross-site"}, None),
            ({"Origin": "https://stranger.example", "Sec-Fetch-Site": "cross-site"}, "cross_site"),
            ({"Origin": "https://stranger.example"}, "cross_site"),
            ({"Origin": "null", "Referer": f"{LISTED}/", "Sec-Fetch-Site": "cross-site"}, "cross_site"),
            (
                {"Origin": "https://stranger.example", "Referer": f"{LISTED}/", "Sec-Fetch-Site": "cross-site"},
                "cross_site",
            ),
            ({"Referer": f"https://stranger.example/{LISTED}", "Sec-Fetch-Site": "cross-site"}, "cross_site"),
            ({"Sec-Fetch-Site": "cross-site"}, "cross_site"),
        ],
    )
    def test_own_front_ends_are_ours(self, headers: dict[str, str], reason: str | None, site: Site) -> None:
        sent = {name.replace("-", "_"): value for name, value in headers.items()}
        answer = ask(site, "POST", "/api/stats/visit", body={}, **sent)
        assert json.loads(answer.body)["reason"] == reason
        landing = ask(site, "GET", "/api/analytics/qr?code=DEMO", **sent, Accept="image/avif,image/webp")
        assert landing.status == 200
        # A landing of an old browser, which says nothing of its site, counts as before.
        assert ("Set-Cookie" in landing.headers) is (reason is None or "Sec-Fetch-Site" not in headers)

    @pytest.mark.parametrize("kind", ["text/plain;charset=UTF-8", "text/plain", "Text/Plain; charset=utf-8"])
    def test_beacons_are_json(self, kind: str, site: Site) -> None:
        beacon = {"Content_Type": kind, "Sec_Fetch_Site": "cross-site"}
        answers = {
            "/api/stats/visit": ask(site, "POST", "/api/stats/visit", LISTED, body=b"{ }", **beacon),
            "/api/track-usage": ask(site, "POST", "/api/track-usage", LISTED, body=b'{"tool": "payment-qr"}', **beacon),
            "/api/analytics/qr": ask(site, "POST", "/api/analytics/qr", LISTED, body=b'{"code": "DEMO"}', **beacon),
        }
        assert {path: answer.status for path, answer in answers.items()} == dict.fromkeys(answers, 200)
        refused = ask(site, "POST", "/api/stats/qr", LISTED, body=b'{"receipt": "forged"}', **beacon)
        assert (refused.status, json.loads(refused.body)["errors"].keys()) == (400, {"receipt"})
        assert ask(site, "POST", "/api/stats/visit", LISTED, body=b'{"a": 1}', **beacon).code == "invalid_input"
        assert ask(site, "POST", "/api/track-usage", LISTED, body=b"{", **beacon).code == "malformed_json"

    def test_a_beacon_of_a_stranger_counts_no_use(self, site: Site) -> None:
        """A browser sends it without a preflight, as it would not send their JSON."""
        beacon = {"Content_Type": "text/plain", "Sec_Fetch_Site": "cross-site"}
        answer = ask(
            site, "POST", "/api/track-usage", "https://stranger.example", body=b'{"tool": "payment-qr"}', **beacon
        )
        assert answer.status == 415
