"""Template tags and filters: the landing, the notice about cookies, durations."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils.translation import gettext as _

from codetags.conf import app_settings
from codetags.errors import MalformedCode
from codetags.services.codes import read_link
from codetags.services.cookies import CHOICE_COOKIE, list_categories, policy_version
from codetags.services.counts import list_codes
from codetags.services.placements import read_link_placement
from codetags.types import FOREVER, Storage, StorageItem
from kv.errors import StoreUnavailable
from kv.rest.permissions import may
from kv.web.formats import format_duration, format_number
from kv.web.links import app_url
from kv.web.scripts import is_first_on_page

register = template.Library()
register.filter("number", format_number)


@register.inclusion_tag("codetags/landing.html", takes_context=True)
def codetags_landing(context: Context) -> dict[str, Any]:
    """The script that counts a landing with ?qr=CODE, once. For the head of the landing page."""
    return {
        **codetags_reports(context),
        "pattern": app_settings.CODETAGS_PATTERN,
        "placement_param": app_settings.CODETAGS_PLACEMENT_PARAM,
        "has_breakdowns": app_settings.CODETAGS_BREAKDOWNS,
    }


@register.inclusion_tag("codetags/landing.html", takes_context=True)
def codetags_reports(context: Context) -> dict[str, Any]:
    """The same script without a landing: it reports what could not be reported before. For the head of other pages."""
    return {"url": app_url("codetags_api:hit"), "brings_delivery": is_first_on_page(context, "delivery")}


@register.inclusion_tag("codetags/landing_pixel.html", takes_context=True)
def codetags_landing_pixel(context: Context) -> dict[str, Any]:
    """The image that counts a landing without scripts. For the body of the landing page."""
    return {"url": app_url("codetags_api:hit"), **_read(_request(context))}


@register.inclusion_tag("codetags/notice_head.html")
def cookie_notice_head() -> dict[str, Any]:
    """The notice's style and script, for the head of every page."""
    return {"style_url": app_url("codetags:cookie_notice_style")}


@register.inclusion_tag("codetags/notice.html", takes_context=True)
def cookie_notice(context: Context) -> dict[str, Any]:
    """The notice about cookies, hidden until a script or a style finds no choice. For the end of the body.

    A page may name a form in `carried_by`. Without scripts that form is then sent along, and comes back to the page
    with the parameter `carried_as`, so that no input is lost.
    """
    categories = list_categories()
    return {
        **{name: context.get(name) for name in ("carried_by", "carried_as")},
        "categories": categories,
        "has_choice": any(not category.is_necessary for category in categories),
        "version": policy_version(),
        "cookie": CHOICE_COOKIE,
        "action": app_url("codetags:cookie_settings"),
        "policy_url": app_url("codetags:cookies"),
    }


@register.inclusion_tag("codetags/admin/card.html", takes_context=True)
def codetags_card(context: Context) -> dict[str, Any]:
    """The codes with most hits, for the admin's index; empty without the permission to see them."""
    request = _request(context)
    if request is None or not may(request.user, "codetags.view_counts"):
        return {"may_see": False}
    try:
        page = list_codes(limit=5)
    except StoreUnavailable:
        return {"may_see": True, "away": True}
    return {"may_see": True, "codes": page.codes, "total": page.total}


@register.filter
def kept_for(item: StorageItem) -> str:
    """How long an item is kept, as text in the active language."""
    if item.duration is None:
        return _("Until the tab is closed") if item.storage is Storage.SESSION else _("Until the browser is closed")
    if item.duration == FOREVER:
        return _("Until you delete it")
    return duration(item.duration)


@register.filter
def duration(value: timedelta) -> str:
    """A duration as text in the active language, such as "6 months"."""
    return format_duration(value)


@register.filter
def kind_of(item: StorageItem) -> str:
    """Where the browser keeps an item."""
    return {
        Storage.COOKIE: _("Cookie"),
        Storage.LOCAL: _("Local storage"),
        Storage.SESSION: _("Session storage"),
    }[item.storage]


@register.filter
def stamp(moment: datetime | None) -> str:
    """A moment in ISO 8601."""
    return moment.isoformat(timespec="seconds") if moment else ""


def _request(context: Context) -> HttpRequest | None:
    """The request of the page, also where a project has no context processor for it."""
    return context.get("request") or getattr(context, "request", None)


def _read(request: HttpRequest | None) -> dict[str, Any]:
    query = request.META.get("QUERY_STRING", "") if request else ""
    try:
        return {"code": read_link(query), "at": read_link_placement(query)}
    except MalformedCode:
        return {"is_unreadable": True}
