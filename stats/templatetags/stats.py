"""Tags of the stats app: the cards with the totals, and the scripts that report visits, receipts and uses."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import Any

from django import template
from django.template.context import Context
from django.utils.translation import gettext as _

from kv.web.charts import change_text
from kv.web.formats import format_money, format_number
from kv.web.links import app_url_or_none
from kv.web.scripts import is_first_on_page
from stats.services import figures
from stats.services.history import CARD_DAYS, recent_history, trend_of
from stats.types import Day, Figures, History

register = template.Library()

#: A total's figure of one day.
OF_DAY: dict[str, Callable[[Day], int]] = {
    "visitors": attrgetter("visitors"), "qr_total": attrgetter("payment_codes"),
    "revenue_cents": attrgetter("revenue_cents"),
}  # fmt: skip
UNKNOWN = "–"
"""Shown instead of a number when the store is unavailable and no number is known."""


@dataclass(frozen=True, slots=True)
class CardTrend:
    """The last 30 days of a total: their sum as a sentence, the change or "", and the values of the line."""

    text: str
    change: str
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One total as shown: `value` in units or cents, None when unknown; `text` formatted for the language.

    trend: None where nothing was counted in the last days, or they are not known.
    """

    name: str
    title: str
    note: str
    value: int | None
    text: str
    trend: CardTrend | None


def format_cents(cents: float) -> str:
    """An amount of EUR cents as money in the active language."""
    return format_money(int(cents), "EUR")


register.filter("count", format_number)
register.filter("cents", format_cents)


@register.inclusion_tag("stats/cards.html")
def stats_cards(*, trends: bool = True) -> dict[str, Any]:
    """The three totals: visitors, payment codes, and the amount on them. trends: with a line of the last 30 days."""
    known, history = figures.current_figures(), recent_history() if trends else None
    cards = make_cards(known, history)
    is_quiet = history is not None and not any(card.trend for card in cards)
    return {"cards": cards, "known": known is not None, "is_quiet": is_quiet}


def make_cards(known: Figures | None, history: History | None = None) -> tuple[Card, ...]:
    """The three totals in the active language; without a history, without trends."""
    visitors = _("Different visitors since counting began, each counted once.")
    codes = _("QR codes for payments created on this site.")
    amount = _("The total typed into payment codes created here. Whether they were paid is not known.")
    return (
        _card("visitors", _("Visitors"), visitors, known, history),
        _card("qr_total", _("Payment codes"), codes, known, history),
        _card("revenue_cents", _("Amount on payment codes"), amount, known, history),
    )


@register.inclusion_tag("stats/scripts.html", takes_context=True)
def stats_scripts(context: Context) -> dict[str, Any]:
    """The scripts every public page carries. They are files, so a strict Content-Security-Policy lets them run.

    Nothing in a project that does not include the API.
    """
    track_url = app_url_or_none("stats_api:track_usage")
    return {
        "visit_url": app_url_or_none("stats_api:visit"),
        "qr_url": app_url_or_none("stats_api:qr"),
        "track_url": track_url,
        "brings_delivery": bool(track_url) and is_first_on_page(context, "delivery"),
    }


def _card(name: str, title: str, note: str, known: Figures | None, history: History | None) -> Card:
    value: int | None = getattr(known, name) if known else None
    format_value = format_cents if name == "revenue_cents" else format_number
    of_day = OF_DAY[name]
    text = UNKNOWN if value is None else format_value(value)
    return Card(name, title, note, value, text, _card_trend(history, of_day, format_value) if history else None)


def _card_trend(history: History, of_day: Callable[[Day], int], format_value: Callable[[int], str]) -> CardTrend | None:
    last = history.days[-1].day
    trend = trend_of(history, of_day, first=last - timedelta(days=CARD_DAYS - 1), last=last)
    if not trend.total and not any(trend.before):
        return None
    text = _("%(value)s in the last %(days)s days") % {"value": format_value(trend.total), "days": CARD_DAYS}
    return CardTrend(text, change_text(trend.values, trend.before), trend.values if trend.total else ())
