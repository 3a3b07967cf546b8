"""Templates keep to the strict policy: no inline script, style or event attribute, nothing from outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.house.tree import APPS, ROOT, files, place

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATES = files("*.html", "templates", *(f"{app}/templates" for app in ("kv", *APPS)))
SOURCES = (*files("*.css", "static", *APPS), *files("*.js", "static", *APPS))


def _markup(path: Path) -> str:
    """The template without its comments, which the browser never sees."""
    return re.sub(r"\{#.*?#\}|\{% comment.*?endcomment %\}", "", path.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=place)
class TestTemplate:
    def test_no_inline_script(self, path: Path) -> None:
        scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", _markup(path), flags=re.DOTALL | re.IGNORECASE)
        assert [body for attributes, body in scripts if body.strip() or "src=" not in attributes] == []

    def test_no_inline_style(self, path: Path) -> None:
        # A mail has no policy, and its reader no way to our style sheets.
        is_mail = path.name == "letter.html"
        assert is_mail or not re.findall(r"<style\b|\sstyle\s*=", _markup(path), flags=re.IGNORECASE)

    def test_no_event_attribute(self, path: Path) -> None:
        assert re.findall(r"<[^>]*\son[a-z]+\s*=", _markup(path), flags=re.IGNORECASE) == []

    def test_no_script_address(self, path: Path) -> None:
        assert "javascript:" not in _markup(path).lower()

    def test_nothing_is_fetched_from_outside(self, path: Path) -> None:
        assert re.findall(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=[\"'](?:https?:)?//", _markup(path)) == []


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_styles_and_scripts_fetch_nothing_from_outside(path: Path) -> None:
    assert re.findall(r"(?:url\(|import\s|fetch\()\s*[\"'](?:https?:)?//[^\"')]*", path.read_text()) == []


def test_there_are_templates_to_look_at() -> None:
    assert ROOT / "templates/base.html" in TEMPLATES
