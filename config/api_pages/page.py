"""The page itself: made once in a process, as the description of the API stays the same while it runs."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from django.core.signals import setting_changed
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import conditional_page

from config.api_pages.operations import read_groups
from config.describing import describe_api


@gzip_page
@conditional_page
@cache_control(public=True, max_age=0, s_maxage=60)
def api_page(request: HttpRequest) -> HttpResponse:
    """Every call of the API: who may make it, its fields, examples and errors; the same for everybody, in English."""
    return HttpResponse(_page())


@cache
def _page() -> bytes:
    schema = describe_api()
    with translation.override("en"):
        groups, errors = read_groups(schema)
        context = {
            "info": schema["info"],
            "host": urlsplit(schema["servers"][0]["url"]).netloc,
            "groups": groups,
            "errors": errors,
        }
        return render_to_string("site/api_docs.html", context).encode()


setting_changed.connect(lambda **_: _page.cache_clear(), weak=False)
