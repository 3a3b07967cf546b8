"""Numbers, money and durations: with Babel, without it, and in languages that it does not know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from babel.numbers import get_currency_precision
from django.conf import settings
from django.utils.translation import override

from kv.web import formats

SPACE = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"


@pytest.fixture
def without_babel(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    formats.active_locale.cache_clear()
    monkeypatch.setattr(formats, "HAS_BABEL", False)
    yield
    formats.active_locale.cache_clear()


@pytest.mark.parametrize(
    ("language", "number", "money"),
    [
        ("en", "1,234.5", "€12.30"),
        ("de", "1.234,5", f"12,30{SPACE}€"),
        ("fr", f"1{NARROW}234,5", f"12,30{SPACE}€"),
        ("pt-br", "1.234,5", f"€{SPACE}12,30"),
        ("zh-hans", "1,234.5", "€12.30"),
    ],
)
def test_a_language_that_babel_knows(language: str, number: str, money: str) -> None:
    with override(language):
        assert (formats.format_number(1234.5), formats.format_money(1230, "EUR")) == (number, money)


@pytest.mark.parametrize(
    ("language", "currency", "text", "amount"),
    [
        ("en", "EUR", "20", 2000), ("en", "EUR", "20.5", 2050), ("en", "EUR", "20,50", 2050),
        ("de", "EUR", "20,5", 2050),
        ("de", "EUR", "20.50", 2050), ("fr", "EUR", f"1{NARROW}250,50", 125050), ("en", "EUR", "1,250.50", 125050),
        ("de", "EUR", "1.250,50", 125050), ("de", "EUR", "1.250", 125000), ("en", "EUR", "1,250", 125000),
        ("es", "EUR", "1.250", 125000), ("en", "EUR", "1'250.50", 125050), ("de", "EUR", "1.250.000", 125000000),
        ("en", "JPY", "1,250", 1250), ("en", "KWD", "1.250", 1250), ("de", "KWD", "1,250", 1250),
        # Could be either, or is none.
        ("en", "EUR", "1.250", None), ("de", "EUR", "1,250", None), ("fr", "EUR", "1.250", None),
        ("en", "JPY", "1.5", None),
        ("en", "EUR", "", None), ("en", "EUR", "-5", None), ("en", "EUR", "1e3", None), ("en", "EUR", "5 €", None),
        ("en", "EUR", "1.2.3", None), ("en", "EUR", "1,25.0", None), ("en", "EUR", "٣", None),
        ("en", "EUR", "5.", None),
        ("en", "EUR", "1,250,50", None), ("en", "EUR", "1.250,500", None),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_the_language_writes_it(language: str, currency: str, text: str, amount: int) -> None:
    with override(language):
        assert formats.read_money(text, currency) == amount


@pytest.mark.parametrize("language", ["en", "fr", "de", "es"])
@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_what_a_field_shows_is_read_back(language: str, currency: str) -> None:
    with override(language):
        for amount in (0, 5, 1000, 2050, 1234567):
            assert formats.read_money(formats.money_input(amount, currency), currency) == amount
    if currency == "EUR":
        with override(language):
            assert formats.money_input(2000, "EUR") == ("20.00" if language == "en" else "20,00")


@pytest.mark.parametrize(
    ("language", "nearest"),
    [
        ("de-xx", "de"),
        ("de-at-1996", "de-at"),
        ("pt-br-x-formal", "pt-br"),
        ("ca-valencia", "ca"),
        ("zh-hant-xx", "zh-hant"),
    ],
)
def test_a_variant_that_babel_does_not_know_is_written_as_its_nearest(language: str, nearest: str) -> None:
    def texts() -> tuple[str, ...]:
        return (
            formats.format_number(1234567.25),
            formats.format_money(-1230, "EUR"),
            formats.format_duration(timedelta(days=182)),
        )

    with override(nearest):
        expected = texts()
    with override(language):
        assert texts() == expected


@pytest.mark.parametrize("language", ["tlh", "xx", "i-klingon", "q", "zz-zz-zz", "x-pirate", "en_GB@euro", "sr@latin"])
def test_no_language_is_an_error(language: str) -> None:
    with override(language):
        assert formats.format_number(2) == "2"
        assert "12" in formats.format_money(1200, "EUR")
        assert "6" in formats.format_duration(timedelta(days=182))


def test_no_active_language_is_english() -> None:
    with override(None):
        assert formats.format_money(1230, "EUR") == "€12.30"


@pytest.mark.usefixtures("without_babel")
class TestWithoutBabel:
    @pytest.mark.parametrize(
        ("language", "number", "money"),
        [
            ("en", "1,234.5", f"12.30{SPACE}EUR"),
            ("de", "1.234,5", f"12,30{SPACE}EUR"),
            ("es", f"1{SPACE}234,5", f"12,30{SPACE}EUR"),
        ],
    )
    def test_django_s_formats_are_taken(self, language: str, number: str, money: str) -> None:
        with override(language):
            assert (formats.format_number(1234.5), formats.format_money(1230, "eur")) == (number, money)

    @pytest.mark.parametrize(
        ("number", "places", "text"),
        [(0, 3, "0"), (100, 3, "100"), (1000, 0, "1,000"), (7.04, 1, "7"), (7.25, 3, "7.25"), (-1.5, 1, "-1.5")],
    )
    def test_no_zeros_trail(self, number: float, places: int, text: str) -> None:
        assert formats.format_number(number, places) == text

    @pytest.mark.parametrize(("language", "text"), [("en", "6 months"), ("de", "6 Monate"), ("fr", "6 mois")])
    def test_durations(self, language: str, text: str) -> None:
        with override(language):
            assert formats.format_duration(timedelta(days=181)).replace(SPACE, " ") == text

    def test_whole_currencies_have_no_cents(self) -> None:
        assert formats.format_money(500, "JPY") == f"500{SPACE}JPY"
        assert formats.format_money(-1500, "KWD") == f"-1.500{SPACE}KWD"


def test_the_currencies_are_those_of_babel() -> None:
    assert {get_currency_precision(code) for code in formats._WITHOUT_CENTS} == {0}
    assert {get_currency_precision(code) for code in formats._WITH_THOUSANDTHS} == {3}


def test_each_language_of_django_can_be_written() -> None:
    for language, _ in [*settings.LANGUAGES, ("kab", ""), ("io", ""), ("ht", ""), ("es-ni", ""), ("sr-latn", "")]:
        with override(language):
            assert formats.format_number(5)


@pytest.mark.parametrize(
    ("language", "number", "change"),
    [("en", "12.3K", "+12%"), ("de", "12.345", f"+12{SPACE}%"), ("fr", f"12,3{SPACE}k", f"+12{SPACE}%")],
)
def test_texts_of_charts(language: str, number: str, change: str) -> None:
    with override(language):
        assert (formats.format_short(12_345), formats.format_change(0.1234)) == (number, change)
        assert formats.format_short(9_999) == formats.format_number(9_999)
        assert formats.format_change(-0.5).startswith("\N{MINUS SIGN}50")
        assert formats.format_change(0.0).startswith("0")


@pytest.mark.usefixtures("without_babel")
def test_texts_of_charts_without_babel() -> None:
    with override("en"):
        assert formats.format_short(12_345) == "12,345"
        assert formats.format_change(0.1234) == f"+12{SPACE}%"
        assert formats.format_change(-0.5) == f"\N{MINUS SIGN}50{SPACE}%"
