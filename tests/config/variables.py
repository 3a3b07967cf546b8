"""The variables of the environment that tests of the settings begin with."""

from __future__ import annotations

import os
from pathlib import Path

from tests.house.tree import ROOT

SETTINGS = ROOT / "config" / "settings.py"
# What the machine that runs the tests may have set for itself.
KEPT = {"PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR"}


def environment(data: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    return kept | {"DATA_DIR": str(data)} | variables
