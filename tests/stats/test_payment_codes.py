"""The EPC069-12 text, the square around it, and amounts as users write them."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from decimal import Decimal

import pytest
import segno
import zxingcpp
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image
from segno.helpers import make_epc_qr

from stats.errors import PaymentTooLong
from stats.services.payment_codes import (
    MAX_CENTS,
    MAX_PAYLOAD_BYTES,
    PaymentOrder,
    build_payload,
    make_payment_code,
)
from tests.outside.decoders import draw, read_codes

ORDER = PaymentOrder(
    beneficiary="Zoë Müller",
    iban="DE89370400440532013000",
    amount_cents=1234,
    remittance_text="Invoice 114",
)


LARGEST = replace(ORDER, iban="MT84MALT011000012345MTLCAST001S", bic="MALTMTMTXXX", amount_cents=MAX_CENTS)


def _decoded(payload: bytes) -> str:
    """In the charset that the third line names."""
    return payload.decode({b"1": "utf-8", b"2": "iso-8859-1"}[payload.split(b"\n")[2]])


class TestBuildPayload:
    def test_has_the_lines_of_the_standard(self) -> None:
        assert build_payload(ORDER).decode().split("\n") == [
            *("BCD", "002", "1", "SCT", "", "Zoë Müller", "DE89370400440532013000", "EUR12.34", "", "", "Invoice 114")
        ]

    def test_reference_and_bic_have_their_places(self) -> None:
        order = replace(ORDER, remittance_text="", reference="RF18539007547034", bic="COBADEFFXXX")
        lines = build_payload(order).decode().split("\n")
        assert (lines[4], lines[9], len(lines)) == ("COBADEFFXXX", "RF18539007547034", 10)

    def test_is_the_example_of_the_standard(self) -> None:
        """EPC069-12 prints it with version 001, which asks for the BIC."""
        order = PaymentOrder(
            bic="BPOTBEB1",
            beneficiary="Red Cross of Belgium",
            iban="BE72000000001616",
            amount_cents=100,
            purpose="CHAR",
            remittance_text="Urgency fund",
            note="Sample EPC QR code",
        )
        assert build_payload(order).decode().split("\n") == [
            *("BCD", "002", "1", "SCT", "BPOTBEB1", "Red Cross of Belgium", "BE72000000001616", "EUR1.00", "CHAR", ""),
            *("Urgency fund", "Sample EPC QR code"),
        ]

    def test_without_an_amount_its_line_is_empty(self) -> None:
        bare = replace(ORDER, amount_cents=None)
        assert build_payload(bare).decode().split("\n")[6:] == [ORDER.iban, "", "", "", "Invoice 114"]
        assert build_payload(replace(bare, remittance_text="")).endswith(b"\n" + ORDER.iban.encode())

    def test_shortens_the_note_before_the_message(self) -> None:
        order = replace(ORDER, remittance_text="日" * 50, note="日" * 50)
        with pytest.raises(PaymentTooLong) as refused:
            build_payload(order)
        assert refused.value.field == "note"
        assert build_payload(replace(order, note="日" * (50 - refused.value.over)))
        with pytest.raises(PaymentTooLong) as refused:
            build_payload(replace(order, remittance_text="日" * 100))
        assert refused.value.field == "remittance_text"

    def test_ends_at_its_last_filled_line(self) -> None:
        assert build_payload(replace(ORDER, remittance_text="")).endswith(b"\nEUR12.34")

    @pytest.mark.parametrize(
        ("cents", "written"), [(1, "EUR0.01"), (100, "EUR1.00"), (123450, "EUR1234.50"), (MAX_CENTS, "EUR999999999.99")]
    )
    def test_amount_is_exact(self, cents: int, written: str) -> None:
        assert build_payload(replace(ORDER, amount_cents=cents)).decode().split("\n")[7] == written

    def test_takes_a_shorter_encoding_when_utf8_does_not_fit(self) -> None:
        payload = build_payload(replace(ORDER, beneficiary="Ö" * 70, remittance_text="ü" * 140))
        assert payload.split(b"\n")[2] == b"2"
        assert "ü" * 140 in payload.decode("iso-8859-1")
        assert len(payload) <= MAX_PAYLOAD_BYTES

    @pytest.mark.parametrize(
        ("name", "message", "field"),
        [
            ("山" * 70, "川" * 140, "remittance_text"),
            ("Ł" * 70, "ą" * 140, "remittance_text"),
            ("Ω" * 20, "Я" * 140, "remittance_text"),
            ("\U00020000" * 70, "", "beneficiary"),
            ("\U00020000" * 70, "x", "beneficiary"),
        ],
        ids=["chinese", "polish", "greek and cyrillic", "name alone", "name with a message"],
    )
    def test_says_by_how_much_it_is_too_long(self, name: str, message: str, field: str) -> None:
        order = replace(LARGEST, beneficiary=name, remittance_text=message)
        with pytest.raises(PaymentTooLong) as refused:
            build_payload(order)
        assert refused.value.field == field
        if field == "beneficiary":
            order = replace(order, remittance_text="")
        text = getattr(order, field)
        cut = len(text) - refused.value.over
        assert build_payload(replace(order, **{field: text[:cut]}))
        with pytest.raises(PaymentTooLong):
            build_payload(replace(order, **{field: text[: cut + 1]}))

    @pytest.mark.parametrize("name", ["Łódź", "Ελλάδα", "Київ"])
    def test_uses_no_charset_that_scanners_read_wrong(self, name: str) -> None:
        order = replace(ORDER, beneficiary=name, remittance_text="x" * 140)
        assert build_payload(order).split(b"\n")[2] == b"1"


class TestMakePaymentCode:
    def test_is_the_square_that_segno_makes_of_the_same_payment(self) -> None:
        theirs = make_epc_qr(
            name=ORDER.beneficiary,
            iban=ORDER.iban,
            amount=Decimal("12.34"),
            text=ORDER.remittance_text,
            encoding="utf-8",
        )
        assert make_payment_code(ORDER).square == theirs

    @pytest.mark.parametrize(
        "order", [replace(ORDER, remittance_text=""), replace(ORDER, beneficiary="N" * 70, remittance_text="t" * 140)]
    )
    def test_is_level_m_and_no_larger_than_version_13(self, order: PaymentOrder) -> None:
        square = make_payment_code(order).square
        assert square.error == "M"
        assert not square.is_micro
        assert int(square.version) <= 13

    def test_every_full_payload_fits(self) -> None:
        payload = build_payload(replace(ORDER, bic="COBADEFFXXX", beneficiary="Ö" * 70, remittance_text="ü" * 140))
        assert segno.make_qr(payload.ljust(MAX_PAYLOAD_BYTES, b"x"), error="m", boost_error=False).version == 13


class TestPaymentCode:
    def test_inline_svg_is_black_on_white_and_carries_no_style(self) -> None:
        svg = make_payment_code(ORDER).inline_svg()
        assert svg.startswith("<svg viewBox=")
        assert 'fill="#fff"' in svg
        assert 'stroke="#000"' in svg
        assert "style" not in svg
        assert "class" not in svg

    def test_has_a_quiet_zone_of_four_modules(self) -> None:
        code = make_payment_code(ORDER)
        side = code.square.symbol_size(border=0)[0] + 8
        assert f'viewBox="0 0 {side} {side}"' in code.inline_svg()

    def test_svg_is_whole_at_every_size(self) -> None:
        svg = make_payment_code(ORDER).svg().decode()
        modules = int(re.findall(r'viewBox="0 0 (\d+) \1"', svg)[0]) // 10
        assert modules == make_payment_code(ORDER).square.symbol_size(border=4)[0]
        assert f'width="{modules * 10}px"' in svg

    def test_names_of_files_differ(self) -> None:
        orders = [ORDER, replace(ORDER, iban="DE02120300000000202051"), replace(ORDER, amount_cents=1)]
        names = {make_payment_code(order).file_name for order in orders}
        assert len(names) == 3
        assert all(re.fullmatch(r"zoe-muller-[0-9.]+-[0-9a-f]{6}", name) for name in names)
        assert re.fullmatch(r"12.34-[0-9a-f]{6}", make_payment_code(replace(ORDER, beneficiary="山")).file_name)

    @given(
        st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20),
        st.integers(1, MAX_CENTS),
        st.text(st.characters(exclude_categories=("C", "Z")), max_size=40),
    )
    @hypothesis_settings(max_examples=40, deadline=None)
    def test_a_decoder_reads_what_was_written(self, name: str, cents: int, message: str) -> None:
        order = replace(ORDER, beneficiary=name, amount_cents=cents, remittance_text=message)
        picture = Image.open(io.BytesIO(make_payment_code(order).png()))
        # In the modules of a code it may see a bar code of another kind.
        read = zxingcpp.read_barcodes(picture)
        (found,) = [code for code in read if code.format == zxingcpp.BarcodeFormat.QRCode]
        head, version, charset, kind, bic, who, iban, money, purpose, _, *text = [
            *_decoded(found.bytes).split("\n"),
            *[""] * 4,
        ][:11]
        assert (head, version, charset, kind, bic, iban, purpose) == ("BCD", "002", charset, "SCT", "", ORDER.iban, "")
        assert (who, text[0]) == (name, message)
        assert Decimal(money.removeprefix("EUR")) * 100 == cents

    @pytest.mark.parametrize("name", ["Zoë Müller", "Łódź sp. z o.o.", "Ελένη", "Сергей", "山田"])
    @pytest.mark.parametrize("kind", ["svg", "png"])
    def test_two_decoders_read_the_text(self, name: str, kind: str) -> None:
        order = replace(ORDER, beneficiary=name, reference="RF18539007547034", remittance_text="", bic="COBADEFFXXX")
        code = make_payment_code(order)
        picture = draw(kind, code.svg() if kind == "svg" else code.png())
        assert read_codes(picture) == [build_payload(order).decode()]

    def test_files_are_what_they_say(self) -> None:
        code = make_payment_code(ORDER)
        assert code.png().startswith(b"\x89PNG\r\n")
        assert re.match(rb"<\?xml [^>]*\?>\s*<svg xmlns=", code.svg())
