"""The public pages over HTTP: the payment code and the statistics."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from kv.store.caches import durable_cache
from stats.services import receipts
from stats.services.figures import forget_figures, read_figures
from stats.services.usage import list_usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

PAYMENT = {
    "beneficiary": "Zoë & Söhne",
    "iban": "de89 3704 0044 0532 0130 00",
    "amount": "1.234,50",
    "remittance_text": "Invoice 114",
}
PAGES = ("/", "/pay", "/statistics")


@pytest.fixture(autouse=True)
def _fresh_figures(store: Any) -> Iterator[None]:
    forget_figures()
    yield
    forget_figures()


@pytest.fixture
def store_away() -> Iterator[None]:
    """A store at an address where nobody listens."""
    with override_settings(CACHES={**settings.CACHES, "kv": durable_cache("redis://127.0.0.1:1/0", directory=Path())}):
        yield


def text_of(response: Any) -> str:
    return unescape(response.content.decode())


def uses(tool: str) -> int:
    return next(usage.count for usage in list_usage() if usage.tool == tool)


@pytest.mark.parametrize("path", [*PAGES, "/fr/", "/de/pay", "/es/statistics"])
class TestPublicPages:
    def test_are_the_same_for_all_and_may_be_kept(self, path: str, client: Client) -> None:
        response = client.get(path)  # no test here has a database: a query would fail it
        assert response.status_code == 200
        assert response["Cache-Control"] == "public, max-age=0, s-maxage=60"
        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")

    def test_render_without_the_store(self, path: str, client: Client, store_away: None) -> None:
        response = client.get(path)
        assert response.status_code == 200

    def test_carry_nothing_inline(self, path: str, client: Client) -> None:
        html = text_of(client.get(path))
        assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|nonce=", html) == []

    def test_name_their_translations(self, path: str, client: Client) -> None:
        html = text_of(client.get(path))
        assert [code for code in ("en", "fr", "de", "es", "x-default") if f'hreflang="{code}"' not in html] == []
        assert f'<link rel="canonical" href="http://127.0.0.1:8000{path}">' in html


class TestLanguageMenu:
    def test_leads_to_the_same_page_and_keeps_the_query(self, client: Client) -> None:
        html = text_of(client.get("/de/statistics?qr=DEMO"))
        links = dict(re.findall(r'<a href="([^"]+)" hreflang="(\w+)"', html))
        assert set(links) == {"/statistics?qr=DEMO", *(f"/{code}/statistics?qr=DEMO" for code in ("fr", "de", "es"))}

    def test_of_a_page_that_is_not_there_leads_home(self, client: Client) -> None:
        response = client.get("/fr/nothing")
        assert response.status_code == 404
        assert 'href="/de/" hreflang="de"' in text_of(response)


class TestCards:
    def test_show_numbers_in_the_page_s_language(self, client: Client, store: Any) -> None:
        from stats import keys

        store.mset({keys.visitors(): 1234567, keys.qr_total(): 1234, keys.revenue(): 123456789})
        forget_figures()
        assert ">1,234,567<" in text_of(client.get("/"))
        assert ">€1,234,567.89<" in text_of(client.get("/"))
        assert ">1.234.567,89\u00a0€<" in text_of(client.get("/de/"))
        assert ">1\u202f234\u202f567<" in text_of(client.get("/fr/"))

    def test_show_a_dash_when_nothing_is_known(self, client: Client, store_away: None) -> None:
        assert re.findall(r'data-figure="(\w+)">–<', text_of(client.get("/"))) == [
            "visitors",
            "qr_total",
            "revenue_cents",
        ]


class TestPayWithoutScript:
    def test_makes_and_counts_the_code(self, client: Client) -> None:
        response = client.post("/pay", PAYMENT)
        assert response.status_code == 200
        assert response["Cache-Control"] == "private, no-cache"  # no-store would forbid the browser to come back to it
        html = text_of(response)
        assert "<svg viewBox=" in html
        assert "€1,234.50" in html
        assert "DE89 3704 0044 0532 0130 00" in html
        assert "data-receipt" not in html
        assert (read_figures().qr_total, read_figures().revenue_cents) == (1, 123450)

    def test_still_makes_it_when_the_store_is_away(self, client: Client, store_away: None) -> None:
        html = text_of(client.post("/pay", PAYMENT))
        assert "<svg viewBox=" in html
        assert "will be missing from the total" in html

    def test_counts_no_faster_than_the_limit(self, client: Client, settings: Settings) -> None:
        settings.RATE_LIMITS = {"qr": "2/minute"}
        pages = [text_of(client.post("/pay", PAYMENT | {"amount": str(euros)})) for euros in range(1, 5)]
        assert all("<svg viewBox=" in page for page in pages)
        assert read_figures().qr_total == 2

    def test_makes_but_does_not_count_more_than_the_limit_for_one_code(self, client: Client) -> None:
        html = text_of(client.post("/pay", PAYMENT | {"amount": "10000,01"}))
        assert "<svg viewBox=" in html
        assert "amounts over €10,000.00 are left out" in html
        assert read_figures().qr_total == 0

    def test_leaves_no_cookie(self, client: Client) -> None:
        assert not client.post("/pay", PAYMENT).cookies


class TestPayWithScript:
    def test_leaves_the_count_to_the_receipt(self, client: Client) -> None:
        html = text_of(client.post("/pay", PAYMENT | {"script": "1"}))
        found = re.search(r'data-receipt="([^"]+)"', html)
        assert found
        assert receipts.read_receipt(found[1]).amount_cents == 123450
        assert read_figures().qr_total == 0

    def test_receipt_counts_once(self, client: Client) -> None:
        html = text_of(client.post("/pay", PAYMENT | {"script": "1"}))
        receipt = re.findall(r'data-receipt="([^"]+)"', html)[0]
        body = {"receipt": receipt}
        answers = [client.post("/api/stats/qr", body, content_type="application/json") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 200, 200]
        assert (read_figures().qr_total, read_figures().revenue_cents) == (1, 123450)


class TestPayRefusals:
    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("beneficiary", "", "Enter the name"),
            ("beneficiary", "N" * 71, "at most 70"),
            ("beneficiary", "two\nlines", "on one line"),
            ("iban", "", "Enter the IBAN"),
            ("iban", "DE89370400440532013001", "not a valid IBAN"),
            ("amount", "1.234", "can't be read"),
            ("amount", "0", "from 0.01"),
            ("amount", "1000000000", "from 0.01"),
            ("amount", "9" * 33, "from 0.01"),
            ("amount", "9" * 3000, "far too long"),
            ("iban", "DE" * 3000, "far too long"),
            ("iban", "\u200b", "Enter the IBAN"),
            ("beneficiary", "\u200b\u00a0", "Enter the name"),
            ("beneficiary", "a\ufffdb", "U+FFFD"),
            ("beneficiary", "a\u0378b", "U+0378"),
            ("iban", "TR330006100519786457841326", "No SEPA transfer reaches accounts in TR"),
            ("iban", "CH4431999123000889012", "QR-IBAN"),
            ("bic", "DABAIE2D", "another country"),
            ("remittance_text", "x" * 150, "too long by 10 characters"),
            ("remittance_text", "x" * 141, "at most 140"),
            ("remittance_text", "a\u2028b", "on one line"),
            ("reference", "RF18539007547034", "not both"),
            ("bic", "NOPE", "not a valid BIC"),
            ("purpose", "goods", "not a purpose code"),
            ("note", "n" * 71, "at most 70"),
        ],
    )
    def test_say_what_to_do(self, client: Client, field: str, value: str, message: str) -> None:
        response = client.post("/pay", PAYMENT | {field: value})
        html = text_of(response)
        assert response.status_code == 200
        assert message in html
        assert f'id="id_{field}_error"' in html
        assert re.search(rf'aria-describedby="[^"]*id_{field}_error', html)
        assert "payment-code" not in html
        assert read_figures().qr_total == 0

    def test_what_was_typed_is_still_there(self, client: Client) -> None:
        html = text_of(client.post("/pay", PAYMENT | {"iban": '"><script>'}))
        assert 'value="Invoice 114"' in html
        assert '"><script>"' not in client.post("/pay", PAYMENT | {"iban": '"><script>'}).content.decode()

    @pytest.mark.parametrize(
        "headers",
        [
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://elsewhere.example"},
            {"origin": "null"},
            {"origin": "http://testserver:8001"},
            {"origin": "http://["},
        ],
    )
    def test_of_forms_from_elsewhere(self, headers: dict[str, str], settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["testserver"]
        response = Client(headers=headers).post("/pay", PAYMENT)
        assert response.status_code == 403
        assert not response.cookies
        assert read_figures().qr_total == 0

    @pytest.mark.parametrize(
        "headers",
        [
            {"sec-fetch-site": "same-origin", "origin": "http://testserver"},
            {"sec-fetch-site": "same-origin", "origin": "null"},
            {"origin": "http://testserver"},
        ],
    )
    def test_not_of_its_own(self, headers: dict[str, str]) -> None:
        assert Client(headers=headers).post("/pay", PAYMENT).status_code == 200


class TestDownload:
    @pytest.mark.parametrize(
        ("kind", "mime", "begins"), [("png", "image/png", b"\x89PNG"), ("svg", "image/svg+xml", b"<?xml")]
    )
    def test_is_a_file_and_a_use_of_the_tool(self, client: Client, kind: str, mime: str, begins: bytes) -> None:
        response = client.post("/pay", PAYMENT | {"download": kind})
        assert response["Content-Type"] == mime
        assert response["Content-Disposition"] == f'attachment; filename="payment-code-zoe-sohne-1234.50-ac6953.{kind}"'
        assert response.content.startswith(begins)
        assert uses("payment-qr") == 1
        assert read_figures().qr_total == 0

    def test_comes_without_the_store(self, client: Client, store_away: None) -> None:
        assert client.post("/pay", PAYMENT | {"download": "png"}).status_code == 200

    def test_comes_where_the_tool_is_not_tracked(self, client: Client, settings: Settings) -> None:
        settings.STATS_TOOLS = ("another",)
        assert client.post("/pay", PAYMENT | {"download": "png"}).status_code == 200

    def test_is_offered_with_all_that_is_in_the_code(self, client: Client) -> None:
        html = text_of(client.post("/pay", PAYMENT))
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
        assert fields | PAYMENT == fields
