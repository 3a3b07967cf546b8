"""POST /api/payment-codes: a code by the rules of the payment page, as JSON or as a picture, and nothing kept of it."""

from __future__ import annotations

import io
import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from segno.helpers import make_epc_qr

from stats.services.figures import read_figures
from stats.services.payment_codes import PaymentOrder, make_payment_code
from stats.services.receipts import read_receipt
from tests.outside.decoders import draw, read_codes
from tests.site_client import SiteClient
from tests.stats.callers import post, staff
from tests.stats.test_pages import store_away

if TYPE_CHECKING:
    from django.test import Client

__all__ = ["store_away"]

PATH = "/api/payment-codes"
ORDER: dict[str, Any] = {
    "beneficiary": "Zoë & Söhne",
    "iban": "de89 3704 0044 0532 0130 00",
    "amount_cents": 123450,
    "reference": "rf18 5390 0754 7034",
    "purpose": "gdds",
    "note": "Thank you",
}
LINES = [
    *("BCD", "002", "1", "SCT", "", "Zoë & Söhne", "DE89370400440532013000", "EUR1234.50", "GDDS", "RF18539007547034"),
    *("", "Thank you"),
]
NO_CENTS: tuple[Any, ...] = (0, -1, 10**11, "1250", 12.5, True, [])
BARE = {"beneficiary": "Zoë & Söhne", "iban": "DE89370400440532013000"}


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


def ask(client: Client, body: Any, accept: str = "*/*") -> Any:
    return client.post(PATH, data=body, content_type="application/json", headers={"Accept": accept})


class TestJson:
    def test_holds_the_text_the_picture_and_a_receipt(self, client: Client) -> None:
        answer = ask(client, ORDER)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
        assert list(answer.json()) == ["payload", "svg", "receipt"]
        assert answer.json()["payload"].split("\n") == LINES
        assert answer.json()["svg"].startswith('<svg xmlns="http://www.w3.org/2000/svg" ')
        assert read_receipt(answer.json()["receipt"]).amount_cents == 123450
        assert answer["Cache-Control"] == "no-store"

    def test_is_the_code_of_the_page(self, client: Client) -> None:
        page = client.post("/pay", {**ORDER, "amount": "1234,50"})
        drawn = page.content.decode().partition('stroke="#000" d="')[2].partition('"')[0]
        assert len(drawn) > 1000
        assert drawn in ask(client, ORDER).json()["svg"]

    def test_needs_no_amount(self, client: Client) -> None:
        for order in (BARE, {**BARE, "amount_cents": None, "bic": "", "reference": "", "purpose": "", "note": ""}):
            answer = ask(client, order).json()
            assert answer["payload"].endswith("\nDE89370400440532013000")
            assert read_receipt(answer["receipt"]).amount_cents is None

    def test_names_the_charset_of_a_long_text(self, client: Client) -> None:
        payload = ask(client, {**BARE, "remittance_text": "ü" * 140, "beneficiary": "Ö" * 70}).json()["payload"]
        assert payload.split("\n")[2] == "2"


class TestPicture:
    @pytest.mark.parametrize(
        ("accept", "kind"),
        [
            ("image/png", "image/png"),
            ("image/svg+xml", "image/svg+xml"),
            ("image/*", "image/svg+xml"),
            ("image/png;q=0.9, application/json;q=0.5", "image/png"),
            ("image/png;q=0.5, */*", "application/json"),
            ("image/webp", "application/json"),
            ("text/html", "application/json"),
            ("", "application/json"),
            ("nonsense", "application/json"),
        ],
    )
    def test_comes_where_it_is_liked_best(self, client: Client, accept: str, kind: str) -> None:
        answer = ask(client, ORDER, accept)
        assert (answer.status_code, answer["Content-Type"]) == (200, kind)
        assert answer["Cache-Control"] == "no-store"
        assert "Accept" in answer["Vary"]
        assert answer.has_header("Payment-Code-Receipt") is kind.startswith("image/")

    @pytest.mark.parametrize("kind", ["svg", "png"])
    def test_is_read_by_two_decoders(self, client: Client, kind: str) -> None:
        picture = draw(kind, ask(client, ORDER, {"svg": "image/svg+xml", "png": "image/png"}[kind]).content)
        assert [text.split("\n") for text in read_codes(picture)] == [LINES]

    def test_within_json_too(self, client: Client) -> None:
        answer = ask(client, ORDER).json()
        assert read_codes(draw("svg", answer["svg"].encode())) == [answer["payload"]]

    def test_is_the_square_that_segno_makes_of_the_same_order(self, client: Client) -> None:
        theirs = make_epc_qr(
            name=BARE["beneficiary"],
            iban=BARE["iban"],
            amount=Decimal("1234.56"),
            reference="RF18539007547034",
            purpose="GDDS",
            encoding="utf-8",
        )
        out = io.BytesIO()
        theirs.save(out, kind="png", scale=10, border=4)
        ours = Image.open(io.BytesIO(ask(client, {**ORDER, "note": "", "amount_cents": 123456}, "image/png").content))
        assert ours.convert("1").tobytes() == Image.open(out).convert("1").tobytes()

    def test_has_its_receipt_in_a_header(self, client: Client) -> None:
        receipt = ask(client, ORDER, "image/svg+xml")["Payment-Code-Receipt"]
        assert post(client, "/api/stats/qr", {"receipt": receipt}).json() == {
            "counted": True,
            "qr_total": 1,
            "revenue_cents": 123450,
        }

    def test_is_the_file_of_the_service(self, client: Client) -> None:
        code = make_payment_code(PaymentOrder(beneficiary=BARE["beneficiary"], iban=BARE["iban"]))
        assert ask(client, BARE, "image/svg+xml").content == code.svg()
        assert ask(client, BARE, "image/png").content == code.png()


@pytest.mark.usefixtures("lane")
class TestReceipt:
    def test_counts_its_code_once(self, client: Client) -> None:
        body = {"receipt": ask(client, ORDER).json()["receipt"]}
        assert read_figures().qr_total == 0
        assert [post(client, "/api/stats/qr", body).status_code for _ in range(3)] == [201, 200, 200]
        assert (read_figures().qr_total, read_figures().revenue_cents) == (1, 123450)

    def test_without_an_amount_counts_one_code_and_no_cents(self, client: Client) -> None:
        body = {"receipt": ask(client, BARE).json()["receipt"]}
        answers = [post(client, "/api/stats/qr", body) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 200]
        assert answers[0].json() == {"counted": True, "qr_total": 1, "revenue_cents": 0}

    def test_is_none_over_the_limit_of_one_code(self, client: Client, settings: Any) -> None:
        settings.STATS_MAX_QR_CENTS = 1000
        assert ask(client, {**BARE, "amount_cents": 1000}).json()["receipt"]
        assert ask(client, {**BARE, "amount_cents": 1001}).json()["receipt"] is None
        assert not ask(client, {**BARE, "amount_cents": 1001}, "image/png").has_header("Payment-Code-Receipt")


class TestRefusal:
    @pytest.mark.parametrize(
        ("change", "fields"),
        [
            ({"beneficiary": ""}, ["beneficiary"]),
            ({"beneficiary": "N" * 71}, ["beneficiary"]),
            ({"beneficiary": "two\nlines"}, ["beneficiary"]),
            ({"beneficiary": 5}, ["beneficiary"]),
            ({"beneficiary": None}, ["beneficiary"]),
            ({"iban": "DE89370400440532013001"}, ["iban"]),
            ({"iban": "TR330006100519786457841326"}, ["iban"]),
            ({"iban": ["DE89370400440532013000"]}, ["iban"]),
            ({"iban": "CH9300762011623852957"}, ["bic"]),
            ({"bic": "DABAIE2D"}, ["bic"]),
            ({"bic": "NOPE"}, ["bic"]),
            *(({"amount_cents": cents}, ["amount_cents"]) for cents in NO_CENTS),
            ({"remittance_text": "Invoice"}, ["remittance_text", "reference"]),
            ({"remittance_text": "x" * 141, "reference": ""}, ["remittance_text"]),
            ({"reference": "RF19539007547034"}, ["reference"]),
            ({"reference": "x" * 36}, ["reference"]),
            ({"purpose": "GOODS"}, ["purpose"]),
            ({"purpose": "12AB"}, ["purpose"]),
            ({"note": "n" * 71}, ["note"]),
            ({"note": "日" * 70, "reference": "", "remittance_text": "日" * 50}, ["note"]),
            ({"amount": "12.50"}, ["amount"]),
            ({"symbols": "1f389"}, ["symbols"]),
            ({"iban": "x", "purpose": "x", "amount_cents": 12}, ["iban", "purpose"]),
        ],
    )
    @pytest.mark.parametrize("accept", ["*/*", "image/png"])
    def test_names_the_fields_in_json(self, client: Client, change: Any, fields: list[str], accept: str) -> None:
        answer = ask(client, ORDER | change, accept)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
        assert list(answer.json()["errors"]) == fields
        assert answer["Cache-Control"] == "no-store"
        assert answer["Content-Type"] == "application/json"

    def test_names_what_is_missing(self, client: Client) -> None:
        assert sorted(ask(client, {}).json()["errors"]) == ["beneficiary", "iban"]

    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [("[]", "application/json", 400), ("{", "application/json", 400), ("{}", "text/plain", 415)],
    )
    def test_of_another_body(self, client: Client, body: str, kind: str, status: int) -> None:
        assert client.post(PATH, data=body, content_type=kind).status_code == status

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    def test_of_another_method(self, client: Client, method: str) -> None:
        answer = getattr(client, method)(PATH)
        assert (answer.status_code, answer["Allow"]) == (405, "POST")


class TestCaller:
    def test_may_make_thirty_a_minute(self, client: Client) -> None:
        answers = [ask(client, BARE) for _ in range(31)]
        assert [answer.status_code for answer in answers] == [200] * 30 + [429]
        assert answers[-1]["RateLimit-Policy"] == '"qr";q=30;w=60'

    def test_has_a_code_while_the_store_is_away(self, client: Client, store_away: None) -> None:
        assert ask(client, BARE).json()["receipt"]

    @pytest.mark.django_db
    def test_needs_no_csrf_token_beside_a_session(self) -> None:
        client = SiteClient(enforce_csrf_checks=True)
        client.force_login(staff())
        answer = ask(client, BARE)
        assert answer.status_code == 200
        assert not answer.cookies


def test_nothing_of_an_order_is_logged_or_stored(client: Client, store: Any, caplog: pytest.LogCaptureFixture) -> None:
    secret = {**ORDER, "beneficiary": "Quentin Xylo", "remittance_text": "zebra", "reference": ""}
    with caplog.at_level(logging.DEBUG):
        for change in ({}, {"amount_cents": 0}, {"iban": "DE00370400440532013000"}, {"Quentin": "Xylo"}):
            for accept in ("*/*", "image/png"):
                ask(client, secret | change, accept)
        client.post(PATH, data='{"beneficiary": "Quentin Xylo"', content_type="application/json")
        client.post("/pay", {**secret, "amount": "12.50"})
        client.post("/pay", {**secret, "amount": "12.50", "slip": "1"})
    logged = " ".join(str(vars(record)) for record in caplog.records).lower()
    kept = b" ".join(key + b" " + (store.dump(key) or b"") for key in store.scan_iter())
    for text in ("quentin", "xylo", "zebra", "3704", "de89", "1234.5", "thank you"):
        assert text not in logged
        assert text.encode() not in kept.lower()
