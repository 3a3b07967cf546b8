"""What a stranger may send: too much, too deep, in no encoding, for a database that can't hold it. Never a 500."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.security.table import BROWSER
from tests.site_client import SiteClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lane")]

MIB = 1024 * 1024
FORMS = ("/", "/pay", "/cookies/settings", "/pricing/checkout", "/accounts/login", "/accounts/signup", "/admin/login/")
JSON_CALLS = (
    "/api/tokens/spend", "/api/tokens/add", "/api/tokens/holds", "/api/tokens/reset", "/api/generations",
    "/api/chat/save", "/api/track-usage", "/api/stats/qr", "/api/analytics/qr", "/api/billing/checkout",
)  # fmt: skip
NASTY = {
    "deep list": b"[" * 30_000 + b"]" * 30_000,
    "deep object": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "endless number": b'{"amount":' + b"9" * 60_000 + b',"reason":"x"}',
    "largest float": b'{"amount":1e308,"cost":1e308,"topup":1e308,"amount_cents":1e999}',
    "NUL": b'{"summary":"\\u0000","reason":"\\u0000","amount":1,"userId":"\\u0000","code":"\\u0000","tool":"\\u0000"}',
    "NUL inside": b'{"summary":"x","messages":[{"role":"a\\u0000","content":"\\u0000"}]}',
    "half a character": b'{"summary":"\\ud800","reason":"\\ud800","amount":1}',
    "no object": b'"x"',
    "a list": b'[{"amount":1}]',
    "nothing": b"null",
    "same name twice": b'{"amount":1,"amount":"2","reason":"x"}',
    "no UTF-8": b'{"reason":"\xff\xfe","amount":1}',
}
# Addresses whose view looks in the database for what stands in them.
LOOKED_UP = (
    "/admin/usertokens/tokenledger/?q={}", "/admin/usertokens/tokenledger/{}/", "/admin/billing/stripeevent/?q={}",
    "/admin/billing/stripeevent/?state__exact={}", "/admin/billing/stripeevent/{}/change/",
    "/admin/billing/stripecustomer/{}/sync/", "/admin/codetags/codetag/?code__exact={}",
    "/admin/codetags/codetag/{}/change/", "/admin/codetags/codetag/?created_at__gte={}",
    "/admin/codetags/codecount/?q={}", "/admin/codetags/codecount/{}/", "/admin/codetags/codecount/?p={}",
    "/admin/auth/user/{}/change/", "/admin/auth/user/?id__gt={}", "/admin/knox/authtoken/{}/change/",
    "/admin/stats/adjustment/?figure__exact={}", "/admin/stats/statistics/{}/change/", "/admin/r/{}/1/",
    "/dashboard/history?before={}", "/pricing/return?session_id={}", "/api/dashboard?userId={}",
    "/api/tokens?userId={}", "/api/tokens/transactions?before={}&userId={}", "/api/dashboard/code-tags?before={}",
    "/api/tokens/usage?days={}&userId={}", "/dashboard?action={}", "/admin/usertokens/usage/?action={}&days={}",
    "/api/analytics/qr?code={}",
)  # fmt: skip

WORDS = ("%00", "9" * 30, "-1", "%ff", "%f0%9f%92%a9" * 40, "a" * 3000, "../../x", "%0d%0aX: y")
TAKING = ("/pay", "/accounts/login", "/api/track-usage", "/api/analytics/qr", "/api/webhooks/stripe")


@pytest.fixture(autouse=True)
def _quiet(store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None


@pytest.fixture
def public() -> SiteClient:
    client = SiteClient(headers={"User-Agent": BROWSER})
    client.raise_request_exception = False
    return client


@pytest.fixture
def chief(public: SiteClient) -> SiteClient:
    """Everything is open to this caller, so every view is reached."""
    public.force_login(User.objects.create_superuser("chief", password="a long password"))
    return public


@pytest.mark.parametrize("path", FORMS)
def test_no_page_takes_a_file_or_a_large_form(path: str, public: SiteClient) -> None:
    """Parts of a form that are files have no limit of Django's: each would be written to the disk first."""
    as_file = {"f": SimpleUploadedFile("f", b"x" * MIB)}
    for body in (as_file, {"username": "x" * MIB}):
        assert public.post(path, body).status_code == 413


def test_a_page_reads_nothing_of_what_is_too_large(public: SiteClient) -> None:
    body = io.BytesIO(b"x" * MIB)
    extra: Any = {"CONTENT_LENGTH": str(10**12), "wsgi.input": body}
    answer = public.generic("POST", "/pay", **extra)
    assert (answer.status_code, body.tell()) == (413, 0)


@pytest.mark.parametrize("path", FORMS)
def test_a_form_of_the_usual_size_is_read(path: str, public: SiteClient) -> None:
    assert public.post(path, {"username": "x" * 100_000}).status_code not in (400, 413)


@pytest.mark.parametrize("path", JSON_CALLS)
@pytest.mark.parametrize("body", NASTY.values(), ids=NASTY)
def test_json_that_is_strange_is_refused(path: str, body: bytes, chief: SiteClient) -> None:
    answer = chief.generic("POST", path, body, "application/json")
    code = answer.json().get("code")
    assert answer.status_code < 500 or code == "billing_off"


@pytest.mark.parametrize("path", LOOKED_UP)
@pytest.mark.parametrize(
    "word", ["%00", "9" * 30, "-1", "%ff", "%f0%9f%92%a9" * 40, "a" * 3000, "../../x", "%0d%0aX: y"]
)
def test_what_no_database_holds_is_no_error(path: str, word: str, chief: SiteClient) -> None:
    answer = chief.get(path.replace("{}", word))
    assert answer.status_code < 500
    assert "X" not in answer.headers


def test_the_admin_tells_of_nothing_that_it_exists(chief: SiteClient) -> None:
    """Its "view on site" looks up any row of any table for any member of staff; some of ours have no table."""
    for kind in ContentType.objects.all():
        assert chief.get(f"/admin/r/{kind.pk}/1/").status_code == 404


@pytest.mark.parametrize("content_type", [
    "a" * 20_000, "text/plain;" + "a" * 20_000, "text/plain;" + ";" * 20_000, "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + "x" * 300, "application/x-www-form-urlencoded; a*=%ff", "a;charset", "\xff/\xfe",
])  # fmt: skip
@pytest.mark.parametrize(
    "path", ["/pay", "/accounts/login", "/api/track-usage", "/api/analytics/qr", "/api/webhooks/stripe"]
)
def test_a_content_type_that_is_none_is_no_error(path: str, content_type: str, public: SiteClient) -> None:
    answer = public.generic("POST", path, b"code=DEMO", content_type)
    assert answer.status_code < 500 or answer.json()["code"] == "billing_off"


@pytest.mark.parametrize("path", ["/accounts/login", "/admin/login/"])
@pytest.mark.parametrize("header", ["Accept", "User-Agent", "Accept-Language"])
@pytest.mark.parametrize("value", ["x" * 4000, "a\x00b", "é" * 2000])
def test_a_wrong_log_in_with_strange_headers_is_no_error(
    path: str, header: str, value: str, public: SiteClient
) -> None:
    """Each is written down with its headers, in columns of a length."""
    for _ in range(10):
        answer = public.post(path, {"username": "nobody", "password": "wrong"}, headers={header: value})
    assert answer.status_code == 429, "what is not written down is not counted"
