"""The CommonMark that the description of the API uses, as HTML: paragraphs, headings, lists, code, emphasis."""

from __future__ import annotations

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_CODE = re.compile(r"`([^`]+)`")
_EMPHASIS = re.compile(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])")


def to_html(text: str, *, top: int = 2) -> SafeString:
    """The text as HTML. top: the level of a heading that is written with "##"."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        if found := re.fullmatch(r"(#+) (.+)", block):
            level = top + len(found[1]) - 2
            blocks.append(f"<h{level}>{to_inline(found[2])}</h{level}>")
        elif block and all(line.startswith("- ") for line in block.splitlines()):
            blocks.append(f"<ul>{''.join(f'<li>{to_inline(line[2:])}</li>' for line in block.splitlines())}</ul>")
        elif block:
            blocks.append(f"<p>{to_inline(block)}</p>")
    return mark_safe("\n".join(blocks))  # noqa: S308 (every text is escaped)


def to_inline(text: str) -> SafeString:
    """One paragraph's words, with code and emphasis."""
    parts = _CODE.split(text.replace("\n", " "))
    # Every second part is code, where a star is a star.
    html = "".join(
        f"<code>{escape(part)}</code>" if place % 2 else _EMPHASIS.sub(r"<em>\1</em>", escape(part))
        for place, part in enumerate(parts)
    )
    return mark_safe(html)  # noqa: S308 (every text is escaped)
