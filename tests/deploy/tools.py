"""The tools that judge what is deployed, where they are found."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.house.tree import ROOT

#: Where `make test-deploy` and .ci/run put what is not installed for the whole machine.
PLACES = (ROOT / "var/deploy/bin", ROOT / "var/deploy/debian/usr/bin", ROOT / "var/deploy/debian/usr/sbin")
#: What .ci/run installs: missing there is a failure. Of the others it is said that they are missing.
INSTALLED = frozenset({"promtool", "hadolint", "honcho", "kubernetes-validate", "nginx", "haproxy", "caddy"})


def tool(name: str) -> str:
    """The path of a tool. Skips the test where there is none, or fails it where CI should have installed it."""
    path = os.pathsep.join([*map(str, PLACES), os.environ["PATH"], "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        if name in INSTALLED and os.environ.get("REQUIRE_TOOLS"):
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed: what it would show is not known")
    return found


def run(
    name: str, *args: str, cwd: Path = ROOT, text: str | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a tool; what it printed, on either stream, is the message of a failure."""
    command: Sequence[str] = [tool(name), *args]
    ran = subprocess.run(
        command, cwd=cwd, input=text, env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    return ran
