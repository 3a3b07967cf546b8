"""The public page of statistics. It is the same for all visitors, so a proxy may cache it."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kv.errors import StoreUnavailable
from kv.web.caching import public_page
from kv.web.formats import format_number
from kv.web.links import app_url
from stats.conf import app_settings
from stats.services import usage
from stats.templatetags.stats import UNKNOWN


@dataclass(frozen=True, slots=True)
class ToolBar:
    """A row of the statistics: `width` of its bar in hundredths of the longest one."""

    name: str
    text: str
    width: int


@require_safe
@public_page
def statistics(request: HttpRequest) -> HttpResponse:
    """How often each tool was used, as bars in a table."""
    try:
        tools = usage.list_usage()
    except StoreUnavailable:
        bars = [ToolBar(tool, UNKNOWN, 0) for tool in app_settings.STATS_TOOLS]
        context: dict[str, object] = {"tools": bars, "away": True}
    else:
        used = [use for use in tools if use.count]
        most = max((use.count for use in used), default=1)
        # At least 1, so that a single use beside a million is still visible.
        context = {
            "tools": [ToolBar(use.tool, format_number(use.count), max(use.count * 100 // most, 1)) for use in used]
        }
    return render(request, "stats/statistics.html", context | {"pay_url": app_url("stats:pay")})
