"""The part of the header that says who is logged in: pages that are the same for everybody can't say it themselves."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from config.login_hint import HINT_COOKIE, forget_hint
from kv.errors import StoreUnavailable
from usertokens.errors import AccountClosed
from usertokens.services.dashboards import read_dashboard


@require_safe
@cache_control(private=True, no_store=True)
def account_header(request: HttpRequest) -> HttpResponse:
    """The user's name, plan and balance; 204 for whoever is not logged in. While the store is away only the name."""
    user: Any = request.user if settings.SESSION_COOKIE_NAME in request.COOKIES else None
    if user is None or not user.is_authenticated:
        response = HttpResponse(status=204)
        patch_vary_headers(response, ["Cookie"])
        if HINT_COOKIE in request.COOKIES:
            forget_hint(response)
        return response
    return render(request, "site/account_link.html", account_shown(user))


def account_shown(user: Any) -> dict[str, Any]:
    """The name, and `page` with plan and balance unless the store is away. user: somebody logged in."""
    context: dict[str, Any] = {"name": user.get_username()}
    with suppress(StoreUnavailable, AccountClosed):  # then the name alone
        context["page"] = read_dashboard(str(user.pk))
    return context
