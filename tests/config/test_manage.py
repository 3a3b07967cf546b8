"""`./manage.py`: which Python runs it, and which settings it reads."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: The Python that .venv was made from: of no virtual environment.
BARE = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")


def run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "SECRET_KEY": "for tests alone", "DATA_DIR": "/nonexistent"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False)


class TestSettings:
    @pytest.mark.parametrize("option", [["--settings", "tests.settings"], ["--settings=tests.settings"]])
    def test_the_option_is_heeded(self, option: list[str]) -> None:
        done = run(sys.executable, "manage.py", "shell", *option, "--no-imports", "-c",
                   "from django.conf import settings; print('read', settings.SETTINGS_MODULE)")  # fmt: skip
        assert "read tests.settings" in done.stdout, done.stderr

    @pytest.mark.parametrize("name", ["nowhere", "config.nowhere", "nowhere.settings"])
    def test_one_that_is_not_there_is_one_line(self, name: str) -> None:
        done = run(sys.executable, "manage.py", "check", "--settings", name)
        assert done.returncode == 1
        assert done.stderr == f"countinghouse: there is no settings module {name}\n"

    def test_an_option_without_its_value_is_django_s_to_refuse(self) -> None:
        done = run(sys.executable, "manage.py", "check", "--settings=tests.settings", "--pythonpath")
        assert done.returncode != 0
        assert "--pythonpath" in done.stderr


class TestPython:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        shutil.copy(ROOT / "manage.py", tmp_path)
        return tmp_path

    def test_is_the_one_of_venv(self, project: Path) -> None:
        python = project / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text('#!/bin/sh\nshift\necho "of .venv: $@"\n')
        python.chmod(0o755)
        done = run(BARE, project / "manage.py", "check", "--deploy", cwd=Path("/"))
        assert done.stdout == "of .venv: check --deploy\n", done.stderr

    def test_without_django_anywhere_it_says_what_to_do(self, project: Path) -> None:
        done = run(BARE, "-S", "manage.py", "check", cwd=project)
        assert done.returncode == 1
        assert done.stderr.startswith("countinghouse: this Python has no Django. Run `make run` once")
