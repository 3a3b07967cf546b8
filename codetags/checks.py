"""Django system checks of the app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 (Django's name)

from codetags.conf import app_settings
from codetags.errors import BadPattern, UnsafeWebhookAddress
from codetags.services import patterns
from codetags.services.outgoing_webhook import check_address
from kv.conf import app_settings as kv_settings


@register("codetags")
def check_pattern(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Codes can be part of a cookie and of a key, and browsers read the pattern as Python does."""
    try:
        patterns.check_pattern(app_settings.CODETAGS_PATTERN)
    except BadPattern as error:
        hint = "Such as [A-Z0-9]{4}. docs/settings.md lists what Python and browsers read alike."
        return [Error(f"CODETAGS_PATTERN: {error}.", hint=hint, id="codetags.E001")]
    return []


@register("codetags")
def check_placements(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Links can have the parameter of placements."""
    try:
        patterns.check_parameter(app_settings.CODETAGS_PLACEMENT_PARAM)
    except BadPattern as error:
        return [Error(f"CODETAGS_PLACEMENT_PARAM: {error}.", hint="Such as at or utm_source.", id="codetags.E004")]
    return []


@register("codetags")
def check_country(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A header is believed only where a proxy sets it."""
    if app_settings.CODETAGS_COUNTRY_HEADER and kv_settings.NUM_PROXIES < 1:
        return [
            Warning(
                "CODETAGS_COUNTRY_HEADER is set without NUM_PROXIES: no country is counted.",
                hint="Any client could send the header. Set NUM_PROXIES to the number of trusted proxies in front.",
                id="codetags.W001",
            )
        ]
    return []


@register("codetags")
def check_outgoing_webhook(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Hits are only POSTed signed, and only to an allowed address."""
    url = app_settings.QR_ANALYTICS_EXTERNAL_URL
    if not url:
        return []
    errors: list[CheckMessage] = []
    if not app_settings.QR_ANALYTICS_EXTERNAL_SECRET:
        errors.append(
            Error(
                "QR_ANALYTICS_EXTERNAL_URL is set without QR_ANALYTICS_EXTERNAL_SECRET.",
                hint="Without a signature the receiver can't know that a hit is genuine. Set a long random secret.",
                id="codetags.E002",
            )
        )
    try:
        check_address(url)
    except UnsafeWebhookAddress as error:
        errors.append(Error(f"QR_ANALYTICS_EXTERNAL_URL: {error}", id="codetags.E003"))
    return errors
