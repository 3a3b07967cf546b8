"""The card with the totals that any site may frame. All other pages let nobody frame them."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from kv.web.caching import public_page
from kv.web.links import app_url_or_none
from stats.conf import app_settings
from stats.services.figures import current_figures
from stats.templatetags.stats import make_cards
from stats.views.elsewhere import absolute, host_of

#: What `?theme=` may ask for, in the place of what the reader's system prefers.
THEMES = ("light", "dark")


@require_safe
@public_page
@xframe_options_exempt
def embed(request: HttpRequest) -> HttpResponse:
    """The three totals, without a script, a form or a cookie. Nobody is counted by it."""
    if not app_settings.STATS_EMBED:
        raise Http404
    known, theme = current_figures(), request.GET.get("theme")
    more = app_url_or_none("stats:statistics")
    context = {
        "cards": make_cards(known),
        "known": known,
        "host": host_of(request),
        "more": absolute(request, more) if more else "",
        "theme": theme if theme in THEMES else "",
    }
    response = render(request, "stats/embed.html", context)
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {_style_source()}; base-uri 'none'; form-action 'none'; frame-ancestors *"
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _style_source() -> str:
    """Where the style sheet comes from: this site, or the host of a STATIC_URL elsewhere."""
    where = urlsplit(static("stats/embed.css"))
    return f"{where.scheme or 'https'}://{where.netloc}" if where.netloc else "'self'"
