"""Numbers, amounts of money and durations as the active language writes them.

Babel (the extra `babel`) knows how. Without it, and in a language that it does not know, Django's own formats do.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from django.utils import formats
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext

if TYPE_CHECKING:
    from babel import Locale

HAS_BABEL = find_spec("babel") is not None
# Currencies with another number of digits after the point than two.
_WITHOUT_CENTS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())  # noqa: SIM905 (as a list it is a line for each)
_WITH_THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "LYD", "OMR", "TND"})
_LONG = 10_000
_APOSTROPHES = str.maketrans("", "", "'\u2019")
# "1.250": a group in one language, a fraction in another.
_DOUBTFUL = re.compile(r"([0-9]{1,3})([.,])([0-9]{3})")
_PLAIN = re.compile(r"(?P<whole>[0-9]+)(?:[.,](?P<fraction>[0-9]+))?")
_GROUPED = re.compile(
    r"(?P<whole>[0-9]{1,3}(?:(?P<mark>[.,])[0-9]{3})(?:(?P=mark)[0-9]{3})*)(?:(?!(?P=mark))[.,](?P<fraction>[0-9]+))?"
)
# January, so that months from here on have 31 and 28 days as those of a calendar do.
_SOME_DAY = datetime(2023, 1, 1)  # noqa: DTZ001 (only differences count)


def format_number(number: float, places: int = 3) -> str:
    """A number in the digits and groups of the active language, with at most so many places after the point."""
    if locale := active_locale(get_language()):
        from babel.numbers import format_decimal

        return format_decimal(number, format=f"#,##0.{'#' * places}", locale=locale)
    rounded = f"{Decimal(str(number)):.{places}f}"
    return _written(rounded.rstrip("0").rstrip(".") if places else rounded)


def format_short(number: float, places: int = 1) -> str:
    """A number for the axis of a chart: as `format_number`, from 10,000 on shortened as the language does: "12K"."""
    if abs(number) >= _LONG and (locale := active_locale(get_language())):
        from babel.numbers import format_compact_decimal

        short = format_compact_decimal(number, locale=locale, fraction_digits=1)
        # German has no short word for thousands, and Babel then leaves the groups out.
        if not short.lstrip("-").isdecimal():
            return short
    return format_number(number, places)


def format_change(share: float) -> str:
    """A change in hundredths of what was before, with its sign: "+12%" for 0.12, in whole hundredths."""
    sign = "+" if share > 0 else "\N{MINUS SIGN}" if share < 0 else ""
    if locale := active_locale(get_language()):
        from babel.numbers import format_percent

        return sign + format_percent(abs(share), format=None, locale=locale, decimal_quantization=True)
    return f"{sign}{_written(f'{Decimal(str(abs(share))) * 100:.0f}')}\N{NO-BREAK SPACE}%"


def format_share(share: float) -> str:
    """A share of the whole in hundredths, with at most one place after the point: "12.5%" for 0.125."""
    if locale := active_locale(get_language()):
        from babel.numbers import format_percent

        pattern = locale.percent_formats[None].pattern.replace("0", "0.#", 1)
        return format_percent(share, format=pattern, locale=locale)
    return f"{_written(f'{Decimal(str(share)) * 100:.1f}')}\N{NO-BREAK SPACE}%"


def format_money(amount: int, currency: str) -> str:
    """An amount as money in the active language.

    amount: in the smallest unit of the currency: cents of EUR, but whole yen, since those have no smaller unit.
    """
    if locale := active_locale(get_language()):
        from babel.numbers import format_currency, get_currency_precision

        units = Decimal(amount).scaleb(-get_currency_precision(currency))
        return format_currency(units, currency, locale=locale)
    return f"{_written(money_digits(amount, currency))}\N{NO-BREAK SPACE}{currency.upper()}"


def money_digits(amount: int, currency: str) -> str:
    """An amount as machines read it: "9.00" of EUR, "900" of JPY. amount: in the smallest unit of the currency."""
    code = currency.upper()
    places = 0 if code in _WITHOUT_CENTS else 3 if code in _WITH_THOUSANDTHS else 2
    return f"{Decimal(amount).scaleb(-places):.{places}f}"


def money_input(amount: int, currency: str) -> str:
    """An amount for a field of a form: "9,00" where the active language has a decimal comma. No groups, no currency.

    amount: in the smallest unit of the currency.
    """
    return money_digits(amount, currency).replace(".", str(formats.get_format("DECIMAL_SEPARATOR")))


def read_money(text: str, currency: str) -> int | None:
    """An amount as users write it, in the smallest unit of the currency; None for what is no amount.

    "1250", "1250,5", "1.250,50", "1,250.50", "1 250,50" and "1'250.50" are read in every language. "1.250" is read
    where the active language groups with this sign; elsewhere it could mean two amounts, and is none.
    """
    digits = "".join(text.split()).translate(_APOSTROPHES)
    places = len(money_digits(0, currency).partition(".")[2])
    found = _PLAIN.fullmatch(digits) or _GROUPED.fullmatch(digits)
    if found is None:
        return None
    whole, fraction = found["whole"], found["fraction"] or ""
    doubtful = _DOUBTFUL.fullmatch(digits)
    if doubtful and doubtful[2] == _group_sign():
        whole, fraction = doubtful[1] + doubtful[3], ""
    if len(fraction) > places:
        return None
    return int(whole.replace(".", "").replace(",", "") + fraction.ljust(places, "0"))


def format_duration(value: timedelta) -> str:
    """A duration in the active language, rounded as people say it: "1 day", not "24 hours"; "12 months"."""
    if locale := active_locale(get_language()):
        from babel.dates import format_timedelta

        smallest: Literal["day", "second"] = "day" if value.days else "second"
        return format_timedelta(value, smallest, threshold=1.5, locale=locale)
    return timesince(_SOME_DAY, _SOME_DAY + value)


def format_ago(value: timedelta) -> str:
    """How long ago something was, in the active language: "3 hours ago"."""
    if locale := active_locale(get_language()):
        from babel.dates import format_timedelta

        return format_timedelta(-value, threshold=1.5, add_direction=True, locale=locale)
    return gettext("%(span)s ago") % {"span": timesince(_SOME_DAY, _SOME_DAY + value, depth=1)}


def _group_sign() -> str:
    """What stands between thousands in the active language."""
    if locale := active_locale(get_language()):
        from babel.numbers import get_group_symbol

        return get_group_symbol(locale)
    return str(formats.get_format("THOUSAND_SEPARATOR"))


def _written(digits: str) -> str:
    """A decimal number as Django's formats of the active language write it."""
    return formats.number_format(digits, use_l10n=True, force_grouping=True)


@lru_cache(maxsize=256)
def active_locale(language: str | None) -> Locale | None:
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
