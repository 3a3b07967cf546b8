"""Numbers and amounts of money as the active language writes them."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_currency, format_decimal, get_currency_precision
from django.utils.translation import get_language, to_locale


def active_locale() -> str:
    """The active language as Babel names it, such as "de" or "pt_BR"; English where none is active."""
    return to_locale(get_language() or "en")


def format_number(number: float, pattern: str | None = None) -> str:
    """A number in the digits and groups of the active language. pattern: as Babel takes it; None for the language's."""
    return format_decimal(number, format=pattern, locale=active_locale())


def format_money(amount: int, currency: str) -> str:
    """An amount as money in the active language.

    amount: in the smallest unit of the currency: cents of EUR, but whole yen, since those have no smaller unit.
    """
    units = Decimal(amount).scaleb(-get_currency_precision(currency))
    return format_currency(units, currency, locale=active_locale())
