"""The payment page for a small business: codes without an amount, the next code, RF references, sizes and slips."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from stdnum import iso11649

from stats.services.figures import read_figures
from tests.outside.decoders import draw, read_codes
from tests.stats.test_pages import PAYMENT, text_of, uses

if TYPE_CHECKING:
    from django.test import Client

OPEN = {name: value for name, value in PAYMENT.items() if name != "amount"}
MM_PER_INCH = 25.4


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


def lines_of(client: Client, order: dict[str, str]) -> list[str]:
    """The lines in the code that a decoder reads from the file."""
    picture = Image.open(io.BytesIO(client.post("/pay", order | {"download": "png"}).content))
    (text,) = read_codes(picture)
    return text.split("\n")


def fields_of(html: str) -> dict[str, str]:
    """The fields of the form and what is in them."""
    form = html.partition('id="pay-form"')[2].partition("</form>")[0]
    found = re.findall(r'<input (?=[^>]*name="(\w+)")(?:(?=[^>]*value="([^"]*)"))?[^>]*>', form)
    return {name: value for name, value in found if value}


class TestWithoutAnAmount:
    @pytest.mark.parametrize("amount", [{}, {"amount": ""}, {"amount": " \u200b"}])
    def test_the_payer_enters_it(self, client: Client, amount: dict[str, str]) -> None:
        html = text_of(client.post("/pay", OPEN | amount))
        assert "<dt>Amount</dt><dd>The payer enters it</dd>" in html
        assert "Counted: one more code on the home page, without an amount." in html
        assert "QR code: pay Zoë & Söhne; the payer enters the amount" in html
        assert (read_figures().qr_total, read_figures().revenue_cents) == (1, 0)

    def test_the_line_of_the_standard_is_empty(self, client: Client) -> None:
        assert lines_of(client, OPEN)[6:] == ["DE89370400440532013000", "", "", "", "Invoice 114"]

    def test_counts_once_with_scripts_too(self, client: Client) -> None:
        for _ in range(2):
            html = text_of(client.post("/pay", OPEN | {"script": "1", "form_id": "a"}))
            (receipt,) = re.findall(r'data-receipt="([^"]+)"', html)
            client.post("/api/stats/qr", {"receipt": receipt}, content_type="application/json")
        assert (read_figures().qr_total, read_figures().revenue_cents) == (1, 0)

    def test_zero_is_an_amount_and_refused(self, client: Client) -> None:
        assert "from 0.01" in text_of(client.post("/pay", OPEN | {"amount": "0"}))

    def test_its_files_are_named_without_one(self, client: Client) -> None:
        answer = client.post("/pay", OPEN | {"download": "svg"})
        assert re.search(r'"payment-code-zoe-sohne-[0-9a-f]{6}\.svg"', answer["Content-Disposition"])


class TestNextAmount:
    def test_keeps_the_account_and_nothing_of_the_order(self, client: Client) -> None:
        order = PAYMENT | {"note": "Thanks", "purpose": "GDDS", "form_id": "a", "symbols": "2615"}
        html = text_of(client.post("/pay", order | {"edit": "next"}))
        assert fields_of(html) == {"beneficiary": "Zoë & Söhne", "iban": PAYMENT["iban"], "purpose": "GDDS"}
        assert re.search(r'<input[^>]*name="amount"[^>]*autofocus', html)
        assert "errorlist" not in html
        assert read_figures().qr_total == 0

    def test_keeps_the_bic_and_the_tick_of_rf(self, client: Client) -> None:
        html = text_of(client.post("/de/pay", OPEN | {"bic": "COBADEFFXXX", "as_rf": "on", "edit": "next"}))
        assert fields_of(html)["bic"] == "COBADEFFXXX"
        assert re.search(r'<input type="checkbox" name="as_rf"[^>]* checked', html)

    def test_is_offered_with_the_code(self, client: Client) -> None:
        html = text_of(client.post("/pay", PAYMENT))
        assert re.search(r'<button[^>]*name="edit" value="next"[^>]*>Same account, next amount<', html)

    def test_the_next_code_counts_anew(self, client: Client) -> None:
        for amount in ("1", "2"):
            client.post("/pay", PAYMENT | {"amount": amount})
        assert (read_figures().qr_total, read_figures().revenue_cents) == (2, 300)


class TestReference:
    @pytest.mark.parametrize("number", ["2026-114", "INV 2026/0114", "7", "a1", "R-1234567890.1234567890"])
    def test_of_an_invoice_number_is_right_by_stdnum(self, client: Client, number: str) -> None:
        reference = lines_of(client, OPEN | {"remittance_text": "", "reference": number, "as_rf": "on"})[9]
        assert iso11649.validate(reference) == reference
        assert reference[4:] == re.sub(r"[^A-Z0-9]", "", number.upper())

    def test_is_shown_in_groups(self, client: Client) -> None:
        html = text_of(client.post("/pay", OPEN | {"remittance_text": "", "reference": "2026-114", "as_rf": "on"}))
        assert '<dd class="spaced">RF16 2026 114</dd>' in html

    def test_that_is_rf_already_stays(self, client: Client) -> None:
        order = OPEN | {"remittance_text": "", "reference": "rf18 5390 0754 7034", "as_rf": "on"}
        assert lines_of(client, order)[9] == "RF18539007547034"

    @pytest.mark.parametrize(
        ("number", "message"),
        [("Rechnung für Mai", "No RF reference"), ("1" * 22, "No RF reference"), ("RF19539007547034", "check digits")],
    )
    def test_that_none_can_be_made_of(self, client: Client, number: str, message: str) -> None:
        html = text_of(client.post("/pay", OPEN | {"remittance_text": "", "reference": number, "as_rf": "on"}))
        assert message in html
        assert 'id="id_reference_error"' in html

    def test_without_the_tick_stays_as_it_is(self, client: Client) -> None:
        assert lines_of(client, OPEN | {"remittance_text": "", "reference": "2026-114"})[9] == "2026-114"


class TestPurposeAndNote:
    def test_have_their_lines(self, client: Client) -> None:
        order = OPEN | {"purpose": " gdds ", "note": "Sample EPC QR code"}
        assert lines_of(client, order)[7:] == ["", "GDDS", "", "Invoice 114", "Sample EPC QR code"]
        html = text_of(client.post("/pay", order))
        assert "<dt>Purpose code</dt><dd>GDDS (Goods)</dd>" in html
        assert "<dt>Note to the payer</dt><dd>Sample EPC QR code</dd>" in html

    def test_are_open_where_something_is_in_them(self, client: Client) -> None:
        assert '<details class="more"><summary>' in text_of(client.get("/pay"))
        for field in ({"purpose": "GDDS"}, {"note": "x"}, {"purpose": "wrong"}):
            html = text_of(client.post("/pay", OPEN | {"iban": ""} | field))
            assert '<details class="more" open><summary>' in html

    def test_symbols_in_the_note_are_warned_of(self, client: Client) -> None:
        assert "U+2615" in text_of(client.post("/pay", OPEN | {"note": "☕"}))


class TestSize:
    @pytest.mark.parametrize("size", [20, 46, 200])
    @pytest.mark.parametrize("message", ["", "m" * 140])
    def test_of_a_png_is_what_was_asked_for(self, client: Client, size: int, message: str) -> None:
        order = PAYMENT | {"remittance_text": message}
        answer = client.post("/pay", order | {"download": "png", "size_mm": str(size)})
        picture = Image.open(io.BytesIO(answer.content))
        dots = picture.info["dpi"]
        assert dots[0] == dots[1] >= 300
        assert picture.width / dots[0] * MM_PER_INCH == pytest.approx(size, abs=0.01)
        (text,) = read_codes(picture)
        assert text.split("\n")[7] == "EUR1234.50"
        assert uses("payment-qr") == 1

    def test_of_an_svg_is_in_millimetres(self, client: Client) -> None:
        svg = client.post("/pay", PAYMENT | {"download": "svg", "size_mm": "46"}).content.decode()
        assert re.search(
            r'<svg width="46mm" height="46mm" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 (\d+) \1"', svg
        )
        (text,) = read_codes(draw("svg", svg.encode()))
        assert text.split("\n")[7] == "EUR1234.50"

    @pytest.mark.parametrize("size", ["19", "201", "0", "-1", "1e3", "x", "46.5"])
    def test_that_is_none_says_so_beside_the_code(self, client: Client, size: str) -> None:
        html = text_of(client.post("/pay", PAYMENT | {"download": "png", "size_mm": size}))
        assert 'id="id_size_mm_error"' in html
        assert "payment-code" in html
        assert read_figures().qr_total == 1

    def test_of_none_is_that_of_before(self, client: Client) -> None:
        answers = [client.post("/pay", PAYMENT | {"download": "png"} | size) for size in ({}, {"size_mm": ""})]
        assert answers[0].content == answers[1].content


class TestSlip:
    def test_has_the_code_and_all_that_is_in_it(self, client: Client) -> None:
        html = text_of(client.post("/pay", PAYMENT | {"slip": "1"}))
        slip = html.partition('<section class="slip"')[2].partition("</section>")[0]
        assert "<svg viewBox=" in slip
        for text in ("€1,234.50", "Zoë & Söhne", "DE89 3704 0044 0532 0130 00", "Invoice 114"):
            assert text in slip
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
        assert fields | PAYMENT == fields

    def test_counts_nothing_by_itself(self, client: Client) -> None:
        client.post("/pay", PAYMENT | {"slip": "1"})
        assert (read_figures().qr_total, uses("payment-qr")) == (0, 0)

    def test_of_a_wrong_order_is_the_form(self, client: Client) -> None:
        assert 'id="id_iban_error"' in text_of(client.post("/pay", PAYMENT | {"slip": "1", "iban": "x"}))
