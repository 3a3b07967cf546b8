"""Who sent a form: one rule, which public forms and those that act for somebody ask from two sides."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from kv.web.origins import is_from_elsewhere, is_from_this_site

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


def told(headers: dict[str, str]) -> tuple[bool, bool]:
    """Whether it is from here, and whether it is from elsewhere."""
    request = RequestFactory().post("/", headers={"Host": "example.org", **headers}, secure=True)
    return is_from_this_site(request), is_from_elsewhere(request)


@pytest.fixture(autouse=True)
def _host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["example.org"]


@pytest.mark.parametrize("headers", HERE)
def test_this_site(headers: dict[str, str]) -> None:
    assert told(headers) == (True, False)


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_another_site(headers: dict[str, str]) -> None:
    assert told(headers) == (False, True)


@pytest.mark.parametrize("headers", NOBODY_SAYS)
def test_nobody_says(headers: dict[str, str]) -> None:
    assert told(headers) == (False, False)
