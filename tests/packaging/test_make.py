"""What a newcomer types first: make says what it can do, sets up once, and names what is missing in one line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {"help", "run", "test", "admin", "demo", "bench", "lock", "lint", "messages"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout as bare as make needs it."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def _make(checkout: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    # Nothing of an outer make, as in `make test`: it would lend this one its job server and its flags.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    if path is not None:
        env["PATH"] = path
    make = shutil.which("make") or "make"
    return subprocess.run([make, *arguments], cwd=checkout, env=env, capture_output=True, text=True, check=False)


def _set_up(checkout: Path) -> None:
    """What `make` leaves behind once it has installed everything, without installing anything."""
    interpreter = checkout / ".venv/bin/python"
    interpreter.parent.mkdir(parents=True)
    interpreter.touch()
    for stamp in (".site", ".dev"):
        (checkout / ".venv" / stamp).touch()


def test_make_alone_says_what_there_is(checkout: Path) -> None:
    shown = _make(checkout)
    assert shown.returncode == 0
    assert set(re.findall(r"^  make ([\w-]+) ", shown.stdout, flags=re.MULTILINE)) >= TARGETS


def test_without_a_python_one_line_says_what_is_needed(checkout: Path) -> None:
    tools = checkout / "tools"
    tools.mkdir()
    for name in ("sh", "test", "echo"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    # A python3 too old, or without venv, is no better than none.
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tools / "python3").chmod(0o755)
    refused = _make(checkout, "run", path=str(tools))
    assert refused.returncode != 0
    assert refused.stderr.splitlines()[0].startswith("Needs python3.11 or newer with venv")


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        # 0: built with profile-guided optimization; 3: without; 1: too old, or without venv; 127: a shim for nothing
        ({"a/python3.13": 3, "b/python3.11": 0}, "b/python3.11"),
        ({"a/python3.11": 3, "b/python3.11": 0, "b/python3": 0}, "b/python3.11"),
        ({"a/python3.13": 0, "b/python3.12": 0}, "a/python3.13"),
        ({"a/python3.12": 3, "b/python3.13": 3, "b/python3": 1}, "b/python3.13"),
        ({"a/python3.13": 127, "b/python3": 3}, "b/python3"),
        ({"a/python3": 1}, ""),
    ],
)
def test_an_interpreter_with_profile_guided_optimization_is_preferred(
    checkout: Path, found: dict[str, int], chosen: str
) -> None:
    for name, status in found.items():
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(f"#!/bin/sh\nexit {status}\n")
        (checkout / name).chmod(0o755)
    # make itself runs a recipe's shell; nothing else of the machine's own path is wanted here.
    path = os.pathsep.join(str(checkout / place) for place in "ab")
    shown = _make(checkout, "--eval", "shown: ; $(info $(PYTHON))", "--silent", "shown", path=path)
    assert shown.stdout.strip() == (str(checkout / chosen) if chosen else ""), shown.stderr


def test_what_python_tells_of_its_own_build_is_understood(checkout: Path) -> None:
    """Of this interpreter, whichever it is: it is found, alone in the path."""
    (checkout / "a").mkdir()
    (checkout / "a/python3").symlink_to(sys._base_executable)  # type: ignore[attr-defined] # it has one
    shown = _make(checkout, "--eval", "shown: ; $(info $(PYTHON))", "--silent", "shown", path=str(checkout / "a"))
    assert shown.stdout.strip() == str(checkout / "a/python3"), shown.stderr


def test_the_set_up_is_done_once(checkout: Path) -> None:
    _set_up(checkout)
    again = _make(checkout, "--question", ".venv/.dev")
    assert again.returncode == 0, again.stdout


@pytest.mark.parametrize(
    ("lock", "stamp"), [("requirements.txt", ".venv/.site"), ("requirements-dev.txt", ".venv/.dev")]
)
def test_a_new_lock_is_installed(checkout: Path, lock: str, stamp: str) -> None:
    _set_up(checkout)
    later = (checkout / stamp).stat().st_mtime + 10
    os.utime(checkout / lock, (later, later))
    assert _make(checkout, "--question", stamp).returncode == 1


def test_a_new_translation_is_compiled_and_only_that(checkout: Path) -> None:
    _set_up(checkout)
    for language in ("fr", "de"):
        folder = checkout / "locale" / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "django.po").touch()
    compiled = checkout / "locale/fr/LC_MESSAGES/django.mo"
    compiled.touch()
    planned = _make(checkout, "--dry-run", "compile").stdout
    assert "locale/de/LC_MESSAGES/django.po" in planned
    assert "locale/fr/LC_MESSAGES/django.po" not in planned


def test_the_check_of_submissions_can_be_run() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    line = r"^export REQUIRE_BROWSER=1 REQUIRE_OUTSIDE=1 REQUIRE_SERVERS=1 REQUIRE_TOOLS=1$"
    assert re.search(line, script.read_text(), flags=re.MULTILINE)
