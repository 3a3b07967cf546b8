"""Which visits are left out, and why."""

from __future__ import annotations

from typing import Any

import pytest

from stats.services.exclusions import exclusion
from stats.types import Reason
from tests.stats.callers import BROWSER

BROWSERS = [
    BROWSER,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
        "Mobile/15E148 Safari/604.1"
    ),
]
BOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "WhatsApp/2.23.20.0",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "curl/8.5.0",
    "python-requests/2.32.0",
    "",
    "   ",
]


def reason(*, host: str = "example.org", is_staff: bool = False, agent: str = BROWSER, **headers: Any) -> Reason | None:
    environ = {f"HTTP_{name}": value for name, value in headers.items()}
    return exclusion({"HTTP_USER_AGENT": agent, **environ}, host=host, is_staff=is_staff)


class TestBots:
    @pytest.mark.parametrize("agent", BROWSERS)
    def test_browsers_are_none(self, agent: str) -> None:
        assert reason(agent=agent) is None

    @pytest.mark.parametrize("agent", BOTS)
    def test_are_known_by_their_names_or_by_having_none(self, agent: str) -> None:
        assert reason(agent=agent) is Reason.BOT

    def test_without_the_header_at_all(self) -> None:
        assert exclusion({}, host="example.org", is_staff=False) is Reason.BOT


class TestPrefetches:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("SEC_PURPOSE", "prefetch"),
            ("SEC_PURPOSE", "prefetch;prerender"),
            ("SEC_PURPOSE", "Prefetch"),
            ("PURPOSE", "prefetch"),
            ("PURPOSE", "prerender"),
            ("X_PURPOSE", "preview"),
            ("X_MOZ", "prefetch"),
        ],
    )
    def test_are_left_out(self, name: str, value: str) -> None:
        header: dict[str, Any] = {name: value}
        assert reason(**header) is Reason.PREFETCH

    def test_other_purposes_count(self) -> None:
        assert reason(SEC_PURPOSE="something-new") is None


class TestOptingOut:
    @pytest.mark.parametrize("name", ["DNT", "SEC_GPC"])
    def test_by_either_signal(self, name: str) -> None:
        header: dict[str, Any] = {name: "1"}
        assert reason(**header) is Reason.OPTED_OUT

    @pytest.mark.parametrize("value", ["0", "", "null"])
    def test_only_by_a_one(self, value: str) -> None:
        assert reason(DNT=value, SEC_GPC=value) is None


class TestOtherSites:
    @pytest.mark.parametrize("site", ["same-origin", "same-site", "none"])
    def test_own_calls_count(self, site: str) -> None:
        assert reason(SEC_FETCH_SITE=site) is None

    def test_cross_site_calls_do_not(self) -> None:
        assert reason(SEC_FETCH_SITE="cross-site") is Reason.CROSS_SITE

    @pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "https://example.org.evil.example"])
    def test_older_browsers_are_known_by_their_origin(self, origin: str) -> None:
        assert reason(ORIGIN=origin) is Reason.CROSS_SITE

    @pytest.mark.parametrize("origin", ["https://example.org", "https://EXAMPLE.org", "http://example.org"])
    def test_own_origins_count(self, origin: str) -> None:
        assert reason(ORIGIN=origin) is None

    def test_the_port_belongs_to_the_origin(self) -> None:
        assert reason(ORIGIN="http://127.0.0.1:8000", host="127.0.0.1:8000") is None
        assert reason(ORIGIN="http://127.0.0.1:9999", host="127.0.0.1:8000") is Reason.CROSS_SITE


def test_staff_are_left_out() -> None:
    assert reason(is_staff=True) is Reason.STAFF


def test_a_malformed_origin_is_another_site() -> None:
    assert reason(ORIGIN="http://[") is Reason.CROSS_SITE
