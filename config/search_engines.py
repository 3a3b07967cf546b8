"""What search engines read: which pages there are, and which they need not ask for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap as sitemap_view
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import override
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

PUBLIC = ("home", "billing:pricing", "stats:pay", "stats:statistics", "codetags:cookies", "codetags:privacy")
# Everything below these differs by who asks, or has nothing to read.
_PRIVATE = ("admin:index", "accounts:overview", "usertokens:dashboard")


@require_safe
@cache_control(public=True, max_age=3600)
def robots(request: HttpRequest) -> HttpResponse:
    """The rules of RFC 9309, the same for all robots."""
    private = []
    for code, _name in settings.LANGUAGES:
        with override(code):
            private += [f"Disallow: {reverse(name)}" for name in _PRIVATE]
    lines = [
        "User-agent: *", *private, "Disallow: /api/", f"Allow: {reverse('docs')}", "",
        f"Sitemap: {settings.SITE_URL.rstrip('/')}{reverse('sitemap')}", "",
    ]  # fmt: skip
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


class Pages(Sitemap):  # type: ignore[type-arg]  # generic to the checker alone
    """Each public page in each language, with its translations."""

    i18n = True
    alternates = True
    x_default = True

    def items(self) -> list[str]:
        """The pages' names."""
        return list(PUBLIC)

    def location(self, item: Any) -> str:
        """The path in the active language."""
        return reverse(item)

    def get_protocol(self, protocol: str | None = None) -> str:
        """Of the public address, whichever way the request came."""
        return urlsplit(settings.SITE_URL).scheme

    def get_domain(self, site: Any = None) -> str:
        """The host of the public address, with its port."""
        return urlsplit(settings.SITE_URL).netloc


@require_safe
@cache_control(public=True, max_age=3600)
def sitemap(request: HttpRequest) -> HttpResponse:
    """The list of https://www.sitemaps.org/protocol.html."""
    return sitemap_view(request, {"pages": Pages})
