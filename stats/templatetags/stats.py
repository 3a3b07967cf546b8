"""Tags of the stats app: the cards with the totals, and the scripts that report visits, receipts and uses."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.translation import gettext as _

from kv.web.formats import format_money, format_number
from kv.web.links import app_url_or_none
from stats.services import figures
from stats.types import Figures

register = template.Library()

UNKNOWN = "–"
"""Shown instead of a number when the store is unavailable and no number is known."""


@dataclass(frozen=True, slots=True)
class Card:
    """One total as shown: `value` in units or cents, None when unknown; `text` formatted for the language."""

    name: str
    title: str
    note: str
    value: int | None
    text: str


def format_cents(cents: int) -> str:
    """An amount of EUR cents as money in the active language."""
    return format_money(cents, "EUR")


register.filter("count", format_number)
register.filter("cents", format_cents)


@register.inclusion_tag("stats/cards.html")
def stats_cards() -> dict[str, Any]:
    """The three totals: visitors, payment codes, and the amount on them."""
    known = figures.current_figures()
    cards = (
        _card("visitors", _("Visitors"), _("Different visitors since counting began, each counted once."), known),
        _card("qr_total", _("Payment codes"), _("QR codes for payments created on this site."), known),
        _card(
            "revenue_cents",
            _("Amount on payment codes"),
            _("The total typed into payment codes created here. Whether they were paid is not known."),
            known,
        ),
    )
    return {"cards": cards, "known": known is not None}


@register.inclusion_tag("stats/scripts.html")
def stats_scripts() -> dict[str, str | None]:
    """The scripts every public page carries. They are files, so a strict Content-Security-Policy lets them run.

    Nothing in a project that does not include the API.
    """
    return {
        "visit_url": app_url_or_none("stats_api:visit"),
        "qr_url": app_url_or_none("stats_api:qr"),
        "track_url": app_url_or_none("stats_api:track_usage"),
    }


def _card(name: str, title: str, note: str, known: Figures | None) -> Card:
    value: int | None = getattr(known, name) if known else None
    format_value = format_cents if name == "revenue_cents" else format_number
    return Card(name=name, title=title, note=note, value=value, text=UNKNOWN if value is None else format_value(value))
