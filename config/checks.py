"""Django system checks of the site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as Caution

from config.hosts import is_of_the_same_site


@register(Tags.security)
def check_front_ends(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Front ends of other sites can log in: their browsers send cookies there with https only."""
    site = urlsplit(settings.SITE_URL)
    elsewhere = [origin for origin in settings.CORS_ORIGINS if not is_of_the_same_site(site, origin)]
    if not elsewhere or site.scheme == "https":
        return []
    return [
        Caution(
            f"Nobody can log in from {', '.join(elsewhere)}: browsers send cookies to another site with https only.",
            hint="Set SITE_URL to an https address, or open both under one host, such as 127.0.0.1.",
            id="site.W001",
        )
    ]
