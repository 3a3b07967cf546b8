"""README.md as an index shows it: there is no folder beside it, so relative pictures and links would lead nowhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PICTURES = re.compile(r"<picture>.*?</picture>\n?|<img\b[^>]*>\n?|!\[[^\]]*\]\((?!https?:)[^)]*\)[ \t]*", re.DOTALL)
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)")
_FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
_WHERE = "The documents that are named here are in the folder `docs` of the source archive.\n"


def for_an_index(text: str) -> str:
    """The text without its pictures, with the names of its documents instead of links; blocks of code as they are."""
    parts = _FENCE.split(text)
    prose = [part if part.startswith("```") else _LINK.sub(r"\1", _PICTURES.sub("", part)) for part in parts]
    return re.sub(r"\n{3,}", "\n\n", "".join(prose)).rstrip() + "\n\n" + _WHERE


class Readme(MetadataHookInterface):
    """Sets the description of the package."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `readme` in the metadata."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": for_an_index(text)}
