"""Fixtures of the site's own tests."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kv.monitoring.counts import forget_counts
from tests.config.variables import KEPT, SETTINGS, environment

if TYPE_CHECKING:
    from collections.abc import Iterator


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


@pytest.fixture
def own_counts(tmp_path: Path, settings: Any) -> Iterator[None]:
    """Requests are counted in a table of this test's own: that of a long test process is full of other tests' rows."""
    settings.DATA_DIR = tmp_path
    forget_counts()
    yield
    forget_counts()
