"""The blocks of a document that somebody who adopts an app copies, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
_FENCE = re.compile(r'^```(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
#: What comes after it is about calls, not about setting the app up.
END = "## Python API"


@dataclass(frozen=True)
class Block:
    """kind: sh, python or django. title: the file it belongs to, or the terminal in which it keeps running; or ""."""

    kind: str
    title: str
    text: str


def blocks_of(page: str) -> list[Block]:
    """Every block of the list of steps."""
    steps = (DOCS / page).read_text().partition(f"\n{END}\n")[0]
    return [Block(found["kind"], found["title"] or "", found["text"]) for found in _FENCE.finditer(steps)]
