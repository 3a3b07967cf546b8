"""Tags that the apps' templates share."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from kv.labels import admin_page
from kv.web import links

register = template.Library()
register.filter("admin_page", admin_page)


@register.simple_tag
def app_url(name: str, *args: Any) -> str:
    """The path of an app's view, as `{% url %}`, also where the project included the app within a namespace."""
    return links.app_url(name, *args)


@register.inclusion_tag("kv/chart_styles.html")
def chart_styles() -> dict[str, Any]:
    """The stylesheet of charts, once on a page: in the head, or before the first chart."""
    return {}


@register.inclusion_tag("kv/chart.html")
def time_chart(chart: Any, without_table: object = None) -> dict[str, Any]:
    """A `kv.web.charts.Chart` with its axes, its values by hover and keyboard, a sentence and a table.

    without_table: true where the page has a table of the same days itself.
    """
    return {"chart": chart, "without_table": without_table}


@register.inclusion_tag("kv/series_chart.html")
def series_chart(chart: Any) -> dict[str, Any]:
    """A `kv.web.series_charts.SeriesChart`: up to six lines, with legend, values by hover and keyboard, and tables."""
    return {"chart": chart}


@register.inclusion_tag("kv/heat_map.html")
def heat_map(week: Any) -> dict[str, Any]:
    """A `kv.web.heat_maps.HeatMap`: shades for the hours of a week, a sentence and a table."""
    return {"map": week}


@register.inclusion_tag("kv/sparkline.html")
def sparkline(values: Any, label: str) -> dict[str, Any]:
    """A small line through the values, None for a gap. label: what it shows, in words and numbers."""
    from kv.web.charts import sparkline_path

    return {"path": sparkline_path(values), "label": label}


@register.inclusion_tag("kv/chart_range.html")
def chart_range(shown: Any, anchor: str = "") -> dict[str, Any]:
    """The links and the form of a `kv.web.day_ranges.DayRange`.

    anchor: the id of the place of the page that they lead back to; "" for its top.
    """
    return {"range": shown, "anchor": anchor}


@register.inclusion_tag("admin/kv/today.html", takes_context=True)
def staff_today(context: Context) -> dict[str, Any]:
    """The panel "Today" of the admin's index: see `kv.desk.parts`."""
    from kv.desk.parts import read_today

    request = context.get("request") or getattr(context, "request", None)
    return {"today": read_today(request.user) if request is not None else None}


@register.inclusion_tag("admin/date_hierarchy.html")
def large_list_dates(changelist: Any) -> dict[str, Any]:
    """The links to years, months and days above a list of `kv.web.large_lists`."""
    from kv.web.large_lists import date_links

    return date_links(changelist) or {}
