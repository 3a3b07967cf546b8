"""Who sent a form: one rule, which public forms and those that act for somebody ask from two sides."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from kv.checks import check_front_ends
from kv.web.origins import is_cross_site, is_from_elsewhere, is_from_this_site

HERE = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},  # a strict Referrer-Policy hides it from its own site too
    {"Origin": "https://example.org"},
    {"Origin": "https://EXAMPLE.org"},
]
ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "anything new"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://example.org"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "http://example.org"},
    {"Origin": "https://example.org:8443"},
    {"Origin": "https://example.org.elsewhere.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://["},
]
NOBODY_SAYS = [{}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "none", "Origin": "null"}]


def is_foreign(headers: dict[str, str]) -> tuple[bool, bool]:
    """Whether it is from here, and whether it is from elsewhere."""
    request = RequestFactory().post("/", headers={"Host": "example.org", **headers}, secure=True)
    return is_from_this_site(request), is_from_elsewhere(request)


@pytest.fixture(autouse=True)
def _host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["example.org"]


@pytest.mark.parametrize("headers", HERE)
def test_this_site(headers: dict[str, str]) -> None:
    assert is_foreign(headers) == (True, False)


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_another_site(headers: dict[str, str]) -> None:
    assert is_foreign(headers) == (False, True)


@pytest.mark.parametrize("headers", NOBODY_SAYS)
def test_nobody_says(headers: dict[str, str]) -> None:
    assert is_foreign(headers) == (False, False)


class TestOwnFrontEnds:
    """What stats and codetags ask before they count."""

    OWN = {"Origin": "https://app.example"}

    @pytest.fixture(autouse=True)
    def _listed(self, settings: Any) -> None:
        settings.CORS_ORIGINS = ["https://app.example"]

    @pytest.mark.parametrize(
        ("headers", "is_elsewhere"),
        [
            ({}, False),
            ({"Sec-Fetch-Site": "none"}, False),
            ({"Sec-Fetch-Site": "same-origin"}, False),
            ({"Sec-Fetch-Site": "same-site"}, False),
            ({"Sec-Fetch-Site": "cross-site"}, True),
            ({"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"}, False),
            ({"Sec-Fetch-Site": "cross-site", "Origin": "http://app.example"}, True),
            ({"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example.evil.example"}, True),
            ({"Sec-Fetch-Site": "cross-site", "Origin": ""}, True),
            ({"Sec-Fetch-Site": "cross-site", "Referer": "https://app.example"}, False),
            ({"Sec-Fetch-Site": "cross-site", "Referer": "https://app.example/a?b#c"}, False),
            ({"Sec-Fetch-Site": "cross-site", "Referer": "https://app.example?b"}, False),
            ({"Sec-Fetch-Site": "cross-site", "Referer": "https://app.example@evil.example/"}, True),
            ({"Sec-Fetch-Site": "cross-site", "Referer": "http://app.example/"}, True),
            ({"Sec-Fetch-Site": "cross-site", "Referer": "https://evil.example/?https://app.example"}, True),
            ({"Sec-Fetch-Site": "cross-site", "Referer": "://["}, True),
            # Older browsers, asked with the site's own host.
            ({"Origin": "https://example.org"}, False),
            ({"Origin": "https://app.example"}, False),
            ({"Origin": "https://evil.example"}, True),
            ({"Origin": "null"}, True),
        ],
    )
    def test_are_not_another_site(self, headers: dict[str, str], is_elsewhere: bool) -> None:
        environ = RequestFactory().post("/", headers=headers).META
        assert is_cross_site(environ, host="example.org") is is_elsewhere
        # A form that acts for somebody is still this site's alone.
        assert is_from_this_site(RequestFactory().post("/", headers={"Host": "example.org", **self.OWN})) is False

    def test_nobody_is_one_where_none_is_listed(self, settings: Any) -> None:
        settings.CORS_ORIGINS = ()
        headers = {"HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_ORIGIN": "", "HTTP_REFERER": ""}
        assert is_cross_site(headers)

    @pytest.mark.parametrize("wrong", [["https://app.example/"], ["HTTPS://app.example"], ["*"], "https://app.example"])
    def test_are_spelled_as_browsers_send_them(self, wrong: Any, settings: Any) -> None:
        assert check_front_ends(None) == []
        settings.CORS_ORIGINS = wrong
        assert [error.id for error in check_front_ends(None)] == ["kv.E007"]
