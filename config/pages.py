"""The site's own pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from billing.services.stripe_api import is_on as billing_is_on
from kv.web.caching import public_page
from usertokens.conf import app_settings as usertokens_settings
from usertokens.conf import default_plan


@require_safe
@public_page
def home(request: HttpRequest) -> HttpResponse:
    """What this is, for whom, and the three cards. The same for everybody; what it says of plans is in the settings."""
    allowances = usertokens_settings.PLAN_ALLOWANCES
    context = {"billing_is_on": billing_is_on(), "free_tokens": allowances.get(default_plan(), 0)}
    return render(request, "home.html", context)


@require_safe
@cache_control(public=True, max_age=86400)
def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """The icon that browsers request for a page that names none, such as the API's."""
    return HttpResponseRedirect(static("site/favicon.svg"))


@require_safe
@cache_control(public=True, max_age=86400)
def touch_icon(request: HttpRequest) -> HttpResponseRedirect:
    """The icon that phones request at the root for a page that names none."""
    return HttpResponseRedirect(static("site/icon-180.png"))


@require_safe
@cache_control(public=True, max_age=3600)
def manifest(request: HttpRequest) -> JsonResponse:
    """What browsers need to install the site as an app, in the page's language (https://www.w3.org/TR/appmanifest/)."""
    colour = "#fbf8f1"  # --paper of site.css
    return JsonResponse(
        {
            "id": "/",
            "name": "Countinghouse",
            "short_name": "Countinghouse",
            "description": _("Visitors, payment codes and tokens, counted once."),
            "lang": get_language(),
            "dir": "ltr",
            "start_url": reverse("home"),
            "scope": "/",
            "display": "standalone",
            "background_color": colour,
            "theme_color": colour,
            "icons": [
                {"src": static("site/favicon.svg"), "sizes": "any", "type": "image/svg+xml"},
                *(
                    {"src": static(f"site/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
                    for size in (192, 512)
                ),
                {
                    "src": static("site/icon-maskable.png"),
                    "sizes": "512x512",
                    "type": "image/png",
                    "purpose": "maskable",
                },
            ],
            "shortcuts": [
                {"name": _("Dashboard"), "url": reverse("usertokens:dashboard")},
                {"name": _("Payment code"), "url": reverse("stats:pay")},
            ],
        },
        content_type="application/manifest+json",
    )


@csrf_exempt
def schema(request: HttpRequest) -> HttpResponseBase:
    """The description of the API. It and its page alone need drf-spectacular, which takes long to import."""
    from config.schema_pages import SchemaView

    view: Any = SchemaView.as_view()
    return view(request)  # type: ignore[no-any-return] # a view answers a response


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The page that shows it, small enough for a phone."""
    from config.api_pages.page import api_page

    return api_page(request)


@csrf_exempt
def try_api(request: HttpRequest) -> HttpResponseBase:
    """The page that tries its calls out: 1.8 MB of scripts, so apart from the one that is read."""
    from config.schema_pages import TryView

    view: Any = TryView.as_view()
    return view(request)  # type: ignore[no-any-return] # a view answers a response


def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404, in place of the admin's "view on site": no object has a page of its own here.

    Django's view would tell any member of staff which objects exist, and fails on a model without a table.
    """
    raise Http404(rest)


def without_prefix(request: HttpRequest, rest: str | None = None) -> HttpResponseRedirect:
    """Redirect /en/… to the page without prefix, with the query. Leading slashes go: //host is another site."""
    query = request.META.get("QUERY_STRING", "")
    path = "/" + (rest or "").lstrip("/\\")
    response = HttpResponseRedirect("/")
    response.headers["Location"] = _quoted(path) + (f"?{query}" if query else "")
    return response


def _quoted(path: str) -> str:
    return quote(path, safe="/:@!$&'()*+,;=~-._")
