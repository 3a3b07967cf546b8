"""Absolute addresses of the pages to which users return from Stripe."""

from __future__ import annotations

from django.http import HttpRequest

from billing.conf import app_settings
from billing.services.links import page_url
from billing.types import Addresses

_SESSION = "?session_id={CHECKOUT_SESSION_ID}"


def checkout_addresses(request: HttpRequest, locale: str = "") -> Addresses:
    """For a checkout: the page that says what came of it, or the prices."""
    done = _absolute(request, page_url("return")) + _SESSION
    return Addresses(done, _absolute(request, page_url("pricing")), locale)


def portal_addresses(request: HttpRequest, locale: str = "") -> Addresses:
    """For the portal: the page that reads what was changed there."""
    done = _absolute(request, page_url("return"))
    return Addresses(done, done, locale)


def _absolute(request: HttpRequest, path: str) -> str:
    return f"{app_settings.SITE_URL.rstrip('/')}{path}" if app_settings.SITE_URL else request.build_absolute_uri(path)
