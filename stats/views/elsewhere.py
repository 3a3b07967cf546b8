"""Texts to copy, with which other places show the numbers of this site."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kv.web.links import app_url, app_url_or_none
from stats.conf import app_settings

#: Pixels of the card: everything in it is seen at this height from this width on, in each language.
CARD_WIDTH, CARD_HEIGHT = 360, 240
_SHIELDS = "https://img.shields.io/endpoint?url="


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text to copy, and what it shows."""

    title: str
    text: str


def absolute(request: HttpRequest, path: str) -> str:
    """The public address of a path of this site."""
    return f"{app_settings.SITE_URL.rstrip('/')}{path}" if app_settings.SITE_URL else request.build_absolute_uri(path)


def host_of(request: HttpRequest) -> str:
    """The public address of the site as people say it, with its port."""
    return urlsplit(absolute(request, "/")).netloc


def list_snippets(request: HttpRequest) -> tuple[Snippet, ...]:
    """One for each way that is switched on, in the active language."""
    snippets: list[Snippet] = []
    card = app_url_or_none("stats:embed")
    if app_settings.STATS_EMBED and card:
        snippets.append(Snippet(_("A card, for a web page"), _frame(absolute(request, card), host_of(request))))
    if app_url_or_none("stats_api:stats") is None:
        return tuple(snippets)
    if app_settings.STATS_BADGES:
        language = get_language() or settings.LANGUAGE_CODE
        query = "" if language == settings.LANGUAGE_CODE else f"?lang={language}"
        picture, data = (
            absolute(request, app_url(f"stats_api:badge_{kind}", figure="visitors")) + query for kind in ("svg", "json")
        )
        snippets += (
            Snippet(_("A badge, for a web page"), _image(picture)),
            Snippet(_("A badge, in Markdown"), f"![{_('Visitors')}]({picture})"),
            Snippet(_("A badge, drawn by shields.io"), _SHIELDS + quote(data, safe="")),
        )
    snippets.append(Snippet(_("The totals, as JSON"), absolute(request, app_url("stats_api:stats"))))
    if app_settings.STATS_PUBLIC_HISTORY:
        days = absolute(request, app_url("stats_api:history")) + "?days=30"
        snippets.append(Snippet(_("The last 30 days, as JSON, or as CSV if text/csv is accepted"), days))
    return tuple(snippets)


# Plain texts, which the page shows as they are; in them an address or a title is an attribute of an element.
def _frame(address: str, host: str) -> str:
    title = _("Numbers of %(host)s") % {"host": host}
    return (
        f'<iframe src="{escape(address)}" title="{escape(title)}" width="{CARD_WIDTH}" height="{CARD_HEIGHT}"'
        ' loading="lazy" frameborder="0"></iframe>'
    )


def _image(address: str) -> str:
    return f'<img src="{escape(address)}" alt="{escape(_("Visitors"))}" height="20">'
