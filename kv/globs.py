"""Patterns for SCAN."""

from __future__ import annotations

import re


def literal(text: str) -> str:
    """`text`, escaped so that it matches only itself in a glob: a KV_PREFIX may hold any character."""
    return re.sub(r"([*?\[\]\\^])", r"\\\1", text)
