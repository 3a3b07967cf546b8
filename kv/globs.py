"""Patterns for SCAN."""

from __future__ import annotations

import re


def literal(text: str) -> str:
    """`text` as a part of a glob that stands for nothing but itself: a KV_PREFIX may hold any letter."""
    return re.sub(r"([*?\[\]\\^])", r"\\\1", text)
