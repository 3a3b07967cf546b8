"""Tags that the apps' templates share."""

from __future__ import annotations

from typing import Any

from django import template

from kv.labels import admin_page
from kv.web import links

register = template.Library()
register.filter("admin_page", admin_page)


@register.simple_tag
def app_url(name: str, *args: Any) -> str:
    """The path of an app's view, as `{% url %}`, also where the project included the app within a namespace."""
    return links.app_url(name, *args)


@register.inclusion_tag("admin/date_hierarchy.html")
def large_list_dates(changelist: Any) -> dict[str, Any]:
    """The links to years, months and days above a list of `kv.web.large_lists`."""
    from kv.web.large_lists import date_links

    return date_links(changelist) or {}
