"""`codetags` as somebody else gets it: from the wheel, with `kv` and the plain admin, in a project without the site."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.packaging import test_wheel

PROJECT = Path(__file__).parent / "codetags_project"
ROOT = test_wheel.ROOT
wheel, names = test_wheel.wheel, test_wheel.names

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the project answers."""
    here = tmp_path_factory.mktemp("campaign")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(here / "venv")], check=True)
    python = here / "venv/bin/python"
    packages = next((here / "venv/lib").glob("python*/site-packages"))
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()))
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True)
    for source in PROJECT.glob("*.py"):
        (here / source.name).write_text(source.read_text())
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO"))}
    run = subprocess.run([str(python), "drive.py"], cwd=here, env=clean, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    answers: dict[str, Any] = json.loads(run.stdout)
    assert all(place.startswith(str(packages)) for place in answers["from"])
    return answers


@pytest.mark.parametrize("kind", ["lua", "templates", "static", "migrations"])
def test_everything_it_needs_is_in_the_wheel(names: set[str], kind: str) -> None:
    tree = {path.relative_to(ROOT).as_posix() for path in (ROOT / "codetags" / kind).rglob("*") if path.is_file()}
    assert {name for name in tree if "__pycache__" not in name} - names == set()
    assert "codetags/py.typed" in names
    assert {f"codetags/locale/{language}/LC_MESSAGES/django.mo" for language in test_wheel.LANGUAGES} - names == set()


def test_a_landing_is_counted_once(project: dict[str, Any]) -> None:
    assert project["landing"]
    assert project["hit"] == {"code": "BT26", "counted": True}
    assert project["again"] == {"code": "BT26", "counted": False}
    assert project["malformed"] == "invalid_input"
    assert project["counts"] == 1
    assert project["refused"] in {401, 403}


def test_the_pages_open_without_the_site(project: dict[str, Any]) -> None:
    assert set(project["pages"].values()) == {200}


def test_the_plain_admin_shows_the_counts(project: dict[str, Any]) -> None:
    assert set(project["admin"].values()) == {200}
    assert project["card"]


def test_its_commands_run(project: dict[str, Any]) -> None:
    assert project["rows"] == 1


def test_it_speaks_its_languages(project: dict[str, Any]) -> None:
    assert len(set(project["said"].values())) == 4
