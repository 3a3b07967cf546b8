"""Absolute addresses of the pages to which users return from Stripe, and a choice as a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from django.http import HttpRequest

from billing.conf import app_settings
from billing.services.auto_settings import AutoStatus
from billing.services.links import page_url
from billing.services.prices import INTERVALS
from billing.services.products import plan_products
from billing.types import Addresses, Choice

_SESSION = "?session_id={CHECKOUT_SESSION_ID}"


def checkout_addresses(request: HttpRequest, choice: Choice, locale: str = "") -> Addresses:
    """For a checkout: the page that says what came of it, or the one that says that nothing was charged."""
    done = _absolute(request, page_url("return")) + _SESSION
    return Addresses(done, _absolute(request, f"{page_url('cancelled')}?{choice_query(choice)}"), locale)


def portal_addresses(request: HttpRequest, locale: str = "") -> Addresses:
    """For the portal: the page that reads what was changed there."""
    done = _absolute(request, page_url("return"))
    return Addresses(done, done, locale)


def change_addresses(request: HttpRequest, locale: str = "") -> Addresses:
    """For a change of the plan in the portal: the page that says what one has now."""
    found = portal_addresses(request, locale)
    return replace(found, done=f"{found.done}?changed=1")


def card_addresses(request: HttpRequest, locale: str = "") -> Addresses:
    """For a checkout that saves a card."""
    cancelled = _absolute(request, page_url("auto_topup"))
    return Addresses(_absolute(request, page_url("return")) + _SESSION, cancelled, locale)


def confirmed_address(request: HttpRequest) -> str:
    """Where the bank's question about an automatic payment leads back to."""
    return _absolute(request, page_url("return"))


def action_address(request: HttpRequest, status: AutoStatus) -> str | None:
    """Where the user does what automatic top-up waits for; None when it waits for nothing, or there are no pages."""
    pages = {
        AutoStatus.NEEDS_CARD: "auto_topup_card",
        AutoStatus.PAUSED: "auto_topup_card",
        AutoStatus.NEEDS_ACTION: "auto_topup_confirm",
    }
    path = page_url(pages[status]) if status in pages else "/"
    return _absolute(request, path) if path != "/" else None


def read_choice(fields: Mapping[str, str]) -> Choice | None:
    """What a form or a query names, if it is for sale by the settings; None for anything else."""
    topup = fields.get("topup", "")
    if topup:
        is_number = topup.isascii() and topup.isdecimal() and len(topup) < 16  # noqa: PLR2004 (10^15 tokens)
        return Choice(tokens=int(topup)) if is_number and int(topup) in app_settings.BILLING_TOPUPS else None
    plan, interval = fields.get("plan", ""), fields.get("interval", "month")
    return Choice(plan, interval) if plan in plan_products() and interval in INTERVALS else None


def choice_query(choice: Choice) -> str:
    """The same as a query, for a page that reads it again."""
    if choice.tokens:
        return urlencode({"topup": choice.tokens})
    return urlencode({"plan": choice.plan, "interval": choice.interval})


def _absolute(request: HttpRequest, path: str) -> str:
    return f"{app_settings.SITE_URL.rstrip('/')}{path}" if app_settings.SITE_URL else request.build_absolute_uri(path)
