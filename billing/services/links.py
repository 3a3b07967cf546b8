"""The addresses of the app's pages, in any project."""

from __future__ import annotations

from django.shortcuts import resolve_url
from django.urls import NoReverseMatch

from billing.conf import app_settings
from kv.web.links import app_url_or_none

#: The namespace of the pages.
_PAGES = "billing"


def page_url(name: str) -> str:
    """The path of one of the app's pages; "/" in a project that includes the API only."""
    return app_url_or_none(f"{_PAGES}:{name}") or "/"


def signup_url() -> str:
    """Where somebody new begins: BILLING_SIGNUP; "" for nowhere."""
    if not app_settings.BILLING_SIGNUP:
        return ""
    try:
        return app_url_or_none(app_settings.BILLING_SIGNUP) or resolve_url(app_settings.BILLING_SIGNUP)
    except NoReverseMatch:
        return ""


def home_url() -> str:
    """The user's own page: BILLING_HOME, or the prices in a project without that page."""
    try:
        return app_url_or_none(app_settings.BILLING_HOME) or resolve_url(app_settings.BILLING_HOME)
    except NoReverseMatch:
        return page_url("pricing")
