"""Judges that nobody here wrote: packages of the npm registry that tests hold this project against.

`make test` installs them into var/outside where npm is found. Elsewhere such a test is skipped with a word;
under REQUIRE_OUTSIDE=1, which CI sets, it fails.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

INSTALLED = Path(__file__).resolve().parent.parent.parent / "var" / "outside" / "node_modules"


def package(name: str) -> Path:
    """The directory of an installed npm package; skips the test, or fails it under REQUIRE_OUTSIDE=1, without it."""
    path = INSTALLED / name
    if not path.is_dir():
        _do_without(f"the npm package {name} is not installed, see `make var/outside/.done`")
    return path


def program(name: str) -> str:
    """The path of a program such as `node` or `java`; skips or fails the test without it."""
    found = shutil.which(name)
    if found is None:
        _do_without(f"there is no {name} on this machine")
    assert found is not None
    return found


def _do_without(reason: str) -> None:
    if os.environ.get("REQUIRE_OUTSIDE") == "1":
        pytest.fail(f"REQUIRE_OUTSIDE=1, but {reason}")
    pytest.skip(reason)
