"""The types of the public API, as the type checkers of somebody else's project see them in the wheel."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.outside import package, program
from tests.packaging.conftest import HERE, clean_environment, make_environment

pytestmark = pytest.mark.slow

#: What must be an error, one a line.
MISTAKES = """\
from usertokens.services import spend_token
from stats.services import record_vist
spend_tokens(7, 3)
spend_tokens("7", "3")
spend_tokens("7", 3, "article")
spend_tokens("7", 3, cause="article")
spend_tokens("7", 3).remaining
record_visit("203.0.113.7")
hold("7", 50).capture(32)
spends("image", price=3)
spends("image", amount="3")
spends("image")(draw)("a request", 3)
asyncio.run(aspend_tokens("7", "3"))
asyncio.run(aspend_tokens("7", 3)).remaining
asyncio.run(arecord_visit("203.0.113.7"))
"""
FILES = ("shop.py", "mistakes.py")
#: What mypy knows of Django's stubs, from one run to the next.
CACHE = HERE.parents[1] / ".mypy_cache/typed_project"
IMPORTS = """\
import asyncio
from django.http import HttpRequest, HttpResponse
from stats.services import arecord_visit, record_visit
from usertokens.services import aspend_tokens, hold, spend_tokens, spends
def draw(request: HttpRequest, size: int) -> HttpResponse: return HttpResponse()
"""


@pytest.fixture(scope="module")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an environment of its own."""
    here = tmp_path_factory.mktemp("typed_project")
    make_environment(here / "venv", wheel)
    shutil.copy(HERE / "typed_project/shop.py", here)
    (here / "mistakes.py").write_text(IMPORTS + MISTAKES)
    return here


def _mypy(project: Path) -> dict[str, set[int]]:
    """The lines with errors, by file."""
    command = [
        sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={CACHE}",
        "--python-executable=venv/bin/python", *FILES,
    ]  # fmt: skip
    run = subprocess.run(command, cwd=project, env=clean_environment(), capture_output=True, text=True, check=False)
    found: dict[str, set[int]] = {}
    for name, line in re.findall(r"^(\S+?):(\d+): error:", run.stdout, flags=re.MULTILINE):
        found.setdefault(name, set()).add(int(line))
    assert "mistakes.py" in found, run.stdout + run.stderr
    return found


def _pyright(project: Path) -> dict[str, set[int]]:
    settings = {"include": [*FILES], "venvPath": ".", "venv": "venv", "typeCheckingMode": "strict"}
    (project / "pyrightconfig.json").write_text(json.dumps(settings))
    run = subprocess.run(
        [program("node"), str(package("pyright") / "index.js"), "--outputjson"],
        cwd=project,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, set[int]] = {}
    for one in json.loads(run.stdout)["generalDiagnostics"]:
        if one["severity"] == "error":
            found.setdefault(Path(one["file"]).name, set()).add(one["range"]["start"]["line"] + 1)
    return found


@pytest.mark.parametrize("check", [_mypy, _pyright])
def test_a_project_is_checked(project: Path, check: object) -> None:
    assert callable(check)
    found = check(project)
    first = IMPORTS.count("\n") + 1
    assert found == {"mistakes.py": set(range(first, first + MISTAKES.count("\n")))}
