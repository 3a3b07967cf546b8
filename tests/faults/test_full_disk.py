"""A full disk under DATA_DIR at the start: one line, whatever it is that finds no room."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.house.tree import ROOT
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@contextmanager
def disk_of(kilobytes: int, place: Path) -> Iterator[Path]:
    """A file system that holds so much."""
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=700", "tmpfs", os.fspath(place)],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", os.fspath(place)], check=True)


@pytest.mark.parametrize("kilobytes", [4, 64, 600, 2500])
def test_a_full_disk_is_one_line(kilobytes: int, tmp_path: Path) -> None:
    """Too little for a secret, for the database, for what the store writes first, for the static files."""
    with disk_of(kilobytes, tmp_path / "data") as place:
        environment = {
            name: value for name, value in os.environ.items() if not name.endswith("_URL") and name != "KV_PREFIX"
        }
        environment |= {
            "DATA_DIR": os.fspath(place), "PORT": str(free_port()), "DJANGO_SETTINGS_MODULE": "config.settings",
        }  # fmt: skip
        with subprocess.Popen(
            [sys.executable, "manage.py", "serve"], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        ) as running:  # fmt: skip
            try:
                _, said = running.communicate(timeout=120)
            finally:
                running.kill()
    assert running.returncode
    assert "Traceback" not in said
    (line,) = said.strip().splitlines()
    assert "DATA_DIR" in line or "DATABASE_URL" in line or "store of counts" in line
