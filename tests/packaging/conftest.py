"""The wheel, and projects of somebody else that have nothing of this tree but it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import site
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

HERE = Path(__file__).parent

#: Installs the wheel into an environment of its own, runs the named folder's `drive.py` there, and gives its answers.
Drive = Callable[..., dict[str, Any]]


def make_environment(where: Path, wheel: Path, libraries: Sequence[str] = (), *, bare: bool = False) -> Path:
    """An environment of its own with the wheel; its interpreter.

    libraries: where the libraries are; by default those of the environment that runs the tests. Nothing is downloaded.
    bare: only what `pip install countinghouse` brings along, without any extra.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(where)], check=True)
    python = where / "bin/python"
    packages = next((where / "lib").glob("python*/site-packages"))
    if bare:
        libraries = [str(_link_required(where / "libraries", wheel))]
    (packages / "libraries.pth").write_text("\n".join(libraries or site.getsitepackages()))
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True)
    return python


def _link_required(folder: Path, wheel: Path) -> Path:
    """Links to the packages that the wheel requires, and that those require; as a resolver would choose them."""
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(next(name for name in archive.namelist() if name.endswith("/METADATA"))).decode()
    asked = [Requirement(text) for text in Parser().parsestr(metadata).get_all("Requires-Dist", [])]
    seen: set[tuple[str, str]] = set()
    folder.mkdir()
    while asked:
        wanted = asked.pop()
        for extra in ("", *wanted.extras):
            if (wanted.name, extra) in seen or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
                continue
            seen.add((wanted.name, extra))
            found = importlib.metadata.distribution(wanted.name)
            for text in found.requires or []:
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    needed.marker = None
                    asked.append(needed)
            for top in {file.parts[0] for file in found.files or [] if file.parts[0] != ".."}:
                target = Path(str(found.locate_file(top)))
                if target.exists() and not (folder / top).exists():
                    (folder / top).symlink_to(target)
    return folder


def clean_environment() -> dict[str, str]:
    """The environment's variables without what the tests of this project set for Python and Django."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO"))}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(HERE.parents[1])]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(out.glob("countinghouse-*.whl"))


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    """Every file in it."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="session")
def drive(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Drive:
    """See `Drive`."""

    def answers(folder: str, *, bare: bool = False, **environment: str) -> dict[str, Any]:
        here = tmp_path_factory.mktemp(folder)
        python = make_environment(here / "venv", wheel, bare=bare)
        packages = next((here / "venv/lib").glob("python*/site-packages"))
        shutil.copytree(HERE / folder, here, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(HERE / "startproject.py", here)
        run = subprocess.run(
            [str(python), "drive.py"],
            cwd=here,
            env=clean_environment() | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        said: dict[str, Any] = json.loads(run.stdout)
        assert all(place.startswith(str(packages)) for place in said["from"])
        return said

    return answers
