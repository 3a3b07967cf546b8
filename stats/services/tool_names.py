"""What users read instead of a tool's id."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext

from stats.conf import DEFAULT_TOOL_NAMES, Text, app_settings


@dataclass(frozen=True, slots=True)
class ToolLabel:
    """A tool's name in the active language, and a sentence about it or ""."""

    name: str
    sentence: str


def tool_label(tool: str) -> ToolLabel:
    """The name that STATS_TOOL_NAMES gives a tool, or else the default, or else its id."""
    label = app_settings.STATS_TOOL_NAMES.get(tool) or DEFAULT_TOOL_NAMES.get(tool) or tool
    name, *sentences = label if isinstance(label, (tuple, list)) else (label,)
    return ToolLabel(_in_language(name) or tool, _in_language(sentences[0]) if sentences else "")


def _in_language(text: Text) -> str:
    # A plain text is looked up too, so that the project's catalogues can translate what stands in an environment
    # variable. gettext("") would be the head of the catalogue.
    return gettext(text) if isinstance(text, str) and text else str(text)
