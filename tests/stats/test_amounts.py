"""Amounts as users write and paste them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.errors import AmountUnclear
from stats.services.amounts import parse_amount
from stats.services.payment_codes import MAX_CENTS


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
        ("EUR 12,50", 1250),
        ("12,50 eur", 1250),
        ("Euro\u00a012,50", 1250),
        ("5 euros", 500),
        ("12,-", 1200),
        ("12,– €", 1200),
        ("€ 12.--", 1200),
        ("1.234,-", 123400),
        ("1'234.—", 123400),
        (",50", 50),
        (".5", 50),
        ("EUR ,50", 50),
        ("１２,５０", 1250),
        ("１２，５０", 1250),
        ("\t12,50\u200b\n", 1250),
        ("\u200e12,50\u200f", 1250),
        ("\ufeff12,50", 1250),
    ],
)
def test_what_people_write_is_read(written: str, cents: int) -> None:
    assert parse_amount(written) == cents


@pytest.mark.parametrize(
    "written",
    [
        *("", "abc", "-5", "+5", ".", ",", "12.", "12.345", "12 34", "1.2.3", "1,234,56", "1.234.5", "1.23,4"),
        *("1e3", "NaN", "Infinity", "٣", "½", "12²", "12.50 USD", "1 2 3", "12..5", "0x10", "1_000", "12,---", ",-"),
        *("EUREUR5", "EUR", "€", "1.234.-", "12,5,-", "−5", "12,50 13,50"),
    ],
)
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(AmountUnclear):
        parse_amount(written)


@pytest.mark.parametrize(
    "written", ["1.234", "1,234", "999.000", "0.123", "0,123", "EUR 1.234", "１.２３４", "0 123,45"]
)
def test_what_is_doubtful_is_refused(written: str) -> None:
    with pytest.raises(AmountUnclear):
        parse_amount(written)


@given(
    st.integers(0, MAX_CENTS),
    st.sampled_from(
        [("", ","), ("", "."), (".", ","), (",", "."), (" ", ","), ("\u202f", ","), ("'", "."), ("’", ".")]
    ),
    st.sampled_from(["{}", "{} €", "€{}", "EUR {}", "\u200b{}\u00a0EUR"]),
    st.booleans(),
)
def test_what_is_written_in_any_country_s_way_comes_back(
    cents: int, signs: tuple[str, str], around: str, is_wide: bool
) -> None:
    group, point = signs
    euros = f"{cents // 100:,}".replace(",", group)
    written = f"{euros}{point}{cents % 100:02}"
    if is_wide:
        written = written.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    assert parse_amount(around.format(written)) == cents
