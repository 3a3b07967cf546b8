"""What a browser can be led into: to another site, to a header of somebody else's making, to trust a spoofed word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from tests.security.table import BROWSER
from tests.site_client import SiteClient

if TYPE_CHECKING:
    pass

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lane")]

ELSEWHERE = (
    "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "javascript:alert(1)",
    "https:evil.example", "http:///evil.example", "\t//evil.example", "/%0d%0aSet-Cookie:x=1", "/\r\nSet-Cookie: x=1",
)  # fmt: skip
NO_ORIGINS = ("http://[", "http://[::1", "//[", "http://]x", "null", "", "http://a@b:c", "x" * 5000)
FORMS = ("/cookies/settings", "/pay", "/pricing/checkout", "/accounts/login", "/api/stats/visit")
REDIRECTING = ("/en/{}", "/en{}", "/fr/accounts/login?next={}", "/accounts/login?next={}", "/cookies?next={}")


@pytest.fixture(autouse=True)
def _quiet(store: object, settings: object) -> None:
    settings.RATE_LIMITS = None  # type: ignore[attr-defined] # a settings object has what it is given


def leads_elsewhere(location: str) -> bool:
    """Whether a browser on this site would leave it: another scheme, or an address that begins with a host."""
    plain = re.sub(r"[\t\r\n]", "", location).replace("\\", "/")
    return plain.startswith("//") or bool(re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", plain))


@pytest.mark.parametrize("target", ELSEWHERE)
class TestRedirect:
    @pytest.mark.parametrize("address", REDIRECTING)
    def test_stays_on_the_site(self, address: str, target: str) -> None:
        answer = SiteClient().get(address.format(target), headers={"User-Agent": BROWSER})
        assert answer.status_code < 500
        assert not leads_elsewhere(answer.headers.get("Location", ""))
        assert "x" not in answer.cookies

    def test_after_the_log_in_stays_on_the_site(self, target: str) -> None:
        User.objects.create_user("ada", password="a long password")
        form = {"username": "ada", "password": "a long password", "next": target}
        answer = SiteClient().post("/accounts/login", form, headers={"User-Agent": BROWSER})
        assert answer.status_code == 302
        assert not leads_elsewhere(answer["Location"])


@pytest.mark.parametrize("name", ["User-Agent", "Referer", "Origin", "Accept-Language", "X-Forwarded-For", "Cookie"])
@pytest.mark.parametrize("value", ["\r\nSet-Cookie: x=1", "\x00", "é" * 50, "a" * 8000, "qr_counted=\x00.%0d%0a"])
def test_a_header_makes_no_header(name: str, value: str) -> None:
    for path in ("/", "/api/stats", "/api/analytics/qr?code=DEMO", "/cookies", "/en/pay"):
        answer = SiteClient().get(path, headers={"User-Agent": BROWSER, name: value})
        assert answer.status_code < 500
        assert "x" not in answer.cookies
        assert not [head for head, text in answer.items() if "\r" in text or "\n" in text]


@pytest.mark.parametrize(
    "origin", ["http://[", "http://[::1", "//[", "http://]x", "null", "", "http://a@b:c", "x" * 5000]
)
@pytest.mark.parametrize(
    "path", ["/cookies/settings", "/pay", "/pricing/checkout", "/accounts/login", "/api/stats/visit"]
)
def test_an_origin_that_is_no_address_is_another_site(path: str, origin: str) -> None:
    for name in ("Origin", "Referer"):
        answer = SiteClient(enforce_csrf_checks=True).post(path, headers={name: origin, "User-Agent": BROWSER})
        assert answer.status_code < 500
        assert not leads_elsewhere(answer.headers.get("Location", ""))


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/docs", "/api", "/api/"])
@pytest.mark.parametrize("more", ["x", "/x", "%00", "%2e%2e/", "/../x"])
def test_no_page_goes_without_its_policy(path: str, more: str) -> None:
    """An address that merely begins like one of the short lane may be answered by a page."""
    answer = SiteClient().get(path + more)
    if answer["Content-Type"].startswith("text/html"):
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "Forwarded", "X-Host"])
def test_no_other_header_names_the_host(name: str) -> None:
    answer = SiteClient().get("/", headers={name: "evil.example"})
    assert answer.status_code == 200
    assert "evil.example" not in answer.content.decode()
