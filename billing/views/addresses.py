"""Absolute addresses that Stripe sends people back to."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, reverse

from billing.conf import app_settings
from billing.services.checkout import Addresses

_SESSION = "?session_id={CHECKOUT_SESSION_ID}"


def checkout_addresses(request: HttpRequest, locale: str = "") -> Addresses:
    """For a checkout: back to the page that says what became of it, or to the prices."""
    done = _absolute(request, page_url("return")) + _SESSION
    return Addresses(done, _absolute(request, page_url("pricing")), locale)


def portal_addresses(request: HttpRequest, locale: str = "") -> Addresses:
    """For the portal: back to the page that reads what was changed there."""
    done = _absolute(request, page_url("return"))
    return Addresses(done, done, locale)


def page_url(name: str) -> str:
    """The path of one of the app's pages, by its name; "/" in a project that took the API without the pages."""
    try:
        return reverse(f"{_PAGES}{name}")
    except NoReverseMatch:
        return "/"


def home_url() -> str:
    """Where a user's own figures stand: BILLING_HOME, or the prices in a project without such a page."""
    try:
        return resolve_url(app_settings.BILLING_HOME)
    except NoReverseMatch:
        return page_url("pricing")


def _absolute(request: HttpRequest, path: str) -> str:
    return f"{app_settings.SITE_URL.rstrip('/')}{path}" if app_settings.SITE_URL else request.build_absolute_uri(path)


#: The namespace of the pages.
_PAGES = "billing:"
