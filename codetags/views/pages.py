"""The public pages about cookies and privacy. They are the same for all visitors."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from codetags.conf import app_settings
from codetags.services.cookies import list_categories
from kv.conf import app_settings as kv_settings
from kv.web.caching import public_page


@require_safe
@public_page
def cookies(request: HttpRequest) -> HttpResponse:
    """The cookie policy, as tables of the list of items."""
    return render(request, "codetags/cookies.html", {"categories": list_categories(), **_counted()})


@require_safe
@public_page
def privacy(request: HttpRequest) -> HttpResponse:
    """The privacy page."""
    minutes = -(-app_settings.CODETAGS_BACKSTOP_SECONDS // 60)
    contact = [line.strip() for line in app_settings.CODETAGS_CONTACT.splitlines() if line.strip()]
    context = {"categories": list_categories(), "minutes": minutes, "contact": contact, **_counted()}
    return render(request, "codetags/privacy.html", context)


def _counted() -> dict[str, bool]:
    """What the settings say of the sums that a hit adds to."""
    has_breakdowns = app_settings.CODETAGS_BREAKDOWNS
    has_countries = has_breakdowns and bool(app_settings.CODETAGS_COUNTRY_HEADER) and kv_settings.NUM_PROXIES > 0
    return {"has_breakdowns": has_breakdowns, "has_countries": has_countries}
