"""Where the app's pages are, in whatever project it stands."""

from __future__ import annotations

from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, reverse

from billing.conf import app_settings

#: The namespace of the pages.
_PAGES = "billing"


def page_url(name: str) -> str:
    """The path of one of the app's pages, by its name; "/" in a project that took the API without the pages."""
    try:
        return reverse(f"{_PAGES}:{name}")
    except NoReverseMatch:
        return "/"


def home_url() -> str:
    """Where a user's own figures stand: BILLING_HOME, or the prices in a project without such a page."""
    try:
        return resolve_url(app_settings.BILLING_HOME)
    except NoReverseMatch:
        return page_url("pricing")
