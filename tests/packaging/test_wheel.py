"""The apps as somebody else gets them: from the wheel, in a fresh environment, in a ten-line project of their own."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("fr", "de", "es")

PROJECT = Path(__file__).parent / "project"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(out.glob("countinghouse-*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a project of its own answers that has nothing of this tree but the wheel.

    The libraries come from the environment that runs the tests, through a .pth file, so nothing is downloaded.
    """
    here = tmp_path_factory.mktemp("project")
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


class TestContents:
    @pytest.mark.parametrize("app", ["kv", "stats"])
    @pytest.mark.parametrize("kind", ["lua", "templates", "static", "migrations"])
    def test_everything_an_app_needs_is_in_it(self, names: set[str], app: str, kind: str) -> None:
        tree = {path.relative_to(ROOT).as_posix() for path in (ROOT / app / kind).rglob("*") if path.is_file()}
        assert {name for name in tree if "__pycache__" not in name} - names == set()

    @pytest.mark.parametrize("app", ["kv", "stats"])
    def test_its_types_are_used_by_whoever_installs_it(self, names: set[str], app: str) -> None:
        assert f"{app}/py.typed" in names

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_translations_are_compiled(self, names: set[str], language: str) -> None:
        assert f"stats/locale/{language}/LC_MESSAGES/django.mo" in names

    def test_nothing_else_is_in_it(self, names: set[str]) -> None:
        apps = {"kv", "stats", "usertokens", "codetags", "billing"}
        assert {name.split("/")[0] for name in names if ".dist-info/" not in name} <= apps
        assert [name for name in names if name.endswith((".po", ".pyc"))] == []


class TestProject:
    def test_a_visit_is_counted_once(self, project: dict[str, Any]) -> None:
        assert project["visit"] == {"counted": True, "visitors": 1, "reason": None}
        assert project["again"] == {"counted": False, "visitors": 1, "reason": "seen"}

    def test_the_figures_answer(self, project: dict[str, Any]) -> None:
        assert project["figures"] == {"visitors": 1, "qr_total": 0, "revenue_cents": 0, "currency": "EUR"}

    def test_the_pages_open_without_the_site(self, project: dict[str, Any]) -> None:
        assert project["pages"] == {"/pay": 200, "/statistics": 200}

    def test_the_plain_admin_shows_the_statistics(self, project: dict[str, Any]) -> None:
        assert project["admin"]
        assert set(project["admin"].values()) == {200}

    def test_the_app_speaks_its_languages(self, project: dict[str, Any]) -> None:
        assert len(set(project["said"].values())) == 1 + len(LANGUAGES)
