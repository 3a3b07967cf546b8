"""Numbers, amounts of money and durations as the active language writes them.

Babel (the extra `babel`) knows how. Without it, and in a language that it does not know, Django's own formats do.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from django.utils import formats
from django.utils.timesince import timesince
from django.utils.translation import get_language

if TYPE_CHECKING:
    from babel import Locale

HAS_BABEL = find_spec("babel") is not None
# Currencies with another number of digits after the point than two.
_WITHOUT_CENTS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())  # noqa: SIM905
_WITH_THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "LYD", "OMR", "TND"})
# January, so that months from here on have 31 and 28 days as those of a calendar do.
_SOME_DAY = datetime(2023, 1, 1)  # noqa: DTZ001 (only differences count)


def format_number(number: float, places: int = 3) -> str:
    """A number in the digits and groups of the active language, with at most so many places after the point."""
    if locale := _locale(get_language()):
        from babel.numbers import format_decimal

        return format_decimal(number, format=f"#,##0.{'#' * places}", locale=locale)
    rounded = f"{Decimal(str(number)):.{places}f}"
    return _written(rounded.rstrip("0").rstrip(".") if places else rounded)


def format_money(amount: int, currency: str) -> str:
    """An amount as money in the active language.

    amount: in the smallest unit of the currency: cents of EUR, but whole yen, since those have no smaller unit.
    """
    if locale := _locale(get_language()):
        from babel.numbers import format_currency, get_currency_precision

        units = Decimal(amount).scaleb(-get_currency_precision(currency))
        return format_currency(units, currency, locale=locale)
    code = currency.upper()
    places = 0 if code in _WITHOUT_CENTS else 3 if code in _WITH_THOUSANDTHS else 2
    return f"{_written(f'{Decimal(amount).scaleb(-places):.{places}f}')}\N{NO-BREAK SPACE}{code}"


def format_duration(value: timedelta) -> str:
    """A duration in the active language, rounded as people say it: "1 day", not "24 hours"; "12 months"."""
    if locale := _locale(get_language()):
        from babel.dates import format_timedelta

        smallest: Literal["day", "second"] = "day" if value.days else "second"
        return format_timedelta(value, smallest, threshold=1.5, locale=locale)
    return timesince(_SOME_DAY, _SOME_DAY + value)


def _written(digits: str) -> str:
    """A decimal number as Django's formats of the active language write it."""
    return formats.number_format(digits, use_l10n=True, force_grouping=True)


@lru_cache(maxsize=256)
def _locale(language: str | None) -> Locale | None:
    """Babel's locale of a language of Django's, such as "pt-br", or of the nearest that it knows: "de" for "de-xx".

    English where no language is active. None when Babel is not installed or knows no such language.
    """
    if not HAS_BABEL:
        return None
    from babel import Locale, UnknownLocaleError

    words = (language or "en").split("@")[0].replace("_", "-").split("-")
    while words:
        try:
            return Locale.parse("-".join(words), sep="-")
        except (UnknownLocaleError, ValueError):
            words.pop()
    return None
