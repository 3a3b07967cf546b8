"""Fixtures of the site's own tests."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.config.variables import KEPT, SETTINGS, environment


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Evaluate the settings under these variables alone: `read(SITE_URL="https://example.org")`."""

    def read(**variables: str) -> dict[str, Any]:
        for name in set(os.environ) - KEPT:
            monkeypatch.delenv(name)
        for name, value in environment(tmp_path, **variables).items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(SETTINGS))

    return read
