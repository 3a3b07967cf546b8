"""The EPC069-12 text, the square around it, and amounts as people write them."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
import segno
from segno.helpers import make_epc_qr

from stats.errors import AmountUnclear, PaymentTooLong
from stats.services.payment_codes import (
    MAX_CENTS,
    MAX_PAYLOAD_BYTES,
    PaymentOrder,
    build_payload,
    make_payment_code,
    parse_amount,
)

ORDER = PaymentOrder(
    beneficiary="Zoë Müller",
    iban="DE89370400440532013000",
    amount_cents=1234,
    remittance_text="Invoice 114",
)


class TestParseAmount:
    @pytest.mark.parametrize(
        ("written", "cents"),
        [
            ("12.50", 1250),
            ("12,50", 1250),
            ("12.5", 1250),
            ("12", 1200),
            ("0.01", 1),
            ("0", 0),
            (" 12,50 € ", 1250),
            ("€12.50", 1250),
            ("1.234,56", 123456),
            ("1,234.56", 123456),
            ("1 234,56", 123456),
            ("1\u202f234,56", 123456),
            ("1\u00a0234.5", 123450),
            ("1'234.56", 123456),
            ("1’234’567.89", 123456789),
            ("1.234.567", 123456700),
            ("1234567,8", 123456780),
            ("999 999 999.99", MAX_CENTS),
        ],
    )
    def test_reads_what_people_write(self, written: str, cents: int) -> None:
        assert parse_amount(written) == cents

    @pytest.mark.parametrize(
        "written",
        [
            *("", "abc", "-5", "+5", ".", ",50", "12.", "12.345", "12 34", "1.2.3", "1,234,56", "1.234.5", "1.23,4"),
            *("1e3", "NaN", "Infinity", "٣", "½", "12.50 USD", "1 2 3", "12..5", "0x10", "1_000"),
        ],
    )
    def test_refuses_what_is_no_amount(self, written: str) -> None:
        with pytest.raises(AmountUnclear):
            parse_amount(written)

    @pytest.mark.parametrize("written", ["1.234", "1,234", "999.000"])
    def test_refuses_rather_than_guesses(self, written: str) -> None:
        with pytest.raises(AmountUnclear):
            parse_amount(written)


class TestBuildPayload:
    def test_has_the_lines_of_the_standard(self) -> None:
        assert build_payload(ORDER).decode().split("\n") == [
            *("BCD", "002", "1", "SCT", "", "Zoë Müller", "DE89370400440532013000", "EUR12.34", "", "", "Invoice 114")
        ]

    def test_reference_and_bic_have_their_places(self) -> None:
        order = replace(ORDER, remittance_text="", reference="RF18539007547034", bic="COBADEFFXXX")
        lines = build_payload(order).decode().split("\n")
        assert (lines[4], lines[9], len(lines)) == ("COBADEFFXXX", "RF18539007547034", 10)

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

    def test_refuses_what_fits_in_none(self) -> None:
        with pytest.raises(PaymentTooLong):
            build_payload(replace(ORDER, beneficiary="山" * 70, remittance_text="川" * 140))


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

    def test_files_are_what_they_say(self) -> None:
        code = make_payment_code(ORDER)
        assert code.png().startswith(b"\x89PNG\r\n")
        assert re.match(rb"<\?xml [^>]*\?>\s*<svg xmlns=", code.svg())
