"""The public pages about cookies and privacy. They are the same for all visitors."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from codetags.conf import app_settings
from codetags.services.cookies import list_categories
from kv.web.caching import public_page


@require_safe
@public_page
def cookies(request: HttpRequest) -> HttpResponse:
    """The cookie policy, as tables of the list of items."""
    return render(request, "codetags/cookies.html", {"categories": list_categories()})


@require_safe
@public_page
def privacy(request: HttpRequest) -> HttpResponse:
    """The privacy page."""
    minutes = -(-app_settings.CODETAGS_BACKSTOP_SECONDS // 60)
    contact = [line.strip() for line in app_settings.CODETAGS_CONTACT.splitlines() if line.strip()]
    context = {"categories": list_categories(), "minutes": minutes, "contact": contact}
    return render(request, "codetags/privacy.html", context)
