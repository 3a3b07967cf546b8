"""Django system checks of the app."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning
from django.utils.functional import Promise

from kv.errors import StoreUnavailable
from stats.conf import app_settings
from stats.services.series import busiest_address

_TOOL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
_ENOUGH_VISITS = 100
_MOST = 0.9


@register("stats")
def check_tools(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Every tool has a name that can be part of a key."""
    return [
        Error(
            f"STATS_TOOLS: {tool!r} is not a valid name of a tool.",
            hint="Lower-case letters, digits, dots and hyphens, 64 at most.",
            id="stats.E001",
        )
        for tool in app_settings.STATS_TOOLS
        if not _TOOL.match(tool)
    ]


@register("stats")
def check_tool_names(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Every name of a tool is a text, or a text and a sentence."""
    return [
        Error(
            f"STATS_TOOL_NAMES: {tool!r} has neither a name nor a name and a sentence.",
            hint='Write {"calculator": ("Calculator", "Adds up what you owe.")}.',
            id="stats.E003",
        )
        for tool, label in app_settings.STATS_TOOL_NAMES.items()
        if not _is_label(label)
    ]


def _is_label(label: Any) -> bool:
    texts = label if isinstance(label, (tuple, list)) else (label,)
    return 1 <= len(texts) <= 2 and all(isinstance(text, (str, Promise)) for text in texts)  # noqa: PLR2004 (name, sentence)


@register("stats", deploy=True)
def check_proxies(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Warn when one address makes nearly all visits: NUM_PROXIES may be too small."""
    try:
        busiest = busiest_address()
    except StoreUnavailable:
        return []
    if busiest.visits < _ENOUGH_VISITS or busiest.share <= _MOST:
        return []
    return [
        CheckWarning(
            f"One address made more than {_MOST:.0%} of today's {busiest.visits} visits.",
            hint="If the site is behind a reverse proxy, set NUM_PROXIES.",
            id="stats.W002",
        )
    ]
