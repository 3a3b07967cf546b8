"""The documents build as a site (`make docs`), and what is broken in them fails the build."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

SOURCES = ("mkdocs.yml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the documents, to be changed."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    for name in SOURCES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def build(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build"]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_the_site_builds_and_fetches_nothing(tree: Path) -> None:
    built = build(tree)
    assert built.returncode == 0, built.stderr
    pages = list((tree / "var/site").rglob("*.html"))
    assert {page.name for page in pages} >= {"index.html", "settings.html", "CHANGELOG.html"}
    fetched = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//[^\s\">]+")
    assert {found for page in pages for found in fetched.findall(page.read_text())} == set()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docs/settings.md", "[no such page](nowhere.md)"),
        ("docs/settings.md", "[no such anchor](api.md#nowhere)"),
        ("docs/settings.md", "[a file of the code](../kv/conf.py)"),
        ("README.md", "[no such page](docs/nowhere.md)"),
        ("docs/not_in_the_navigation.md", "# A page"),
    ],
)
def test_what_is_broken_fails_the_build(tree: Path, name: str, text: str) -> None:
    path = tree / name
    before = path.read_text() if path.exists() else ""
    path.write_text(f"{before}\n{text}\n")
    assert build(tree).returncode != 0
