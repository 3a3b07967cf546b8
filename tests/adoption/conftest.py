"""Projects of somebody else's that adopt the apps: heavier than `make test`, so `make test-adoption` runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.conftest import make_environment, wheel

__all__ = ["interpreter", "wheel"]


@pytest.fixture(scope="session")
def interpreter(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with the wheel, and nothing else of this tree."""
    return make_environment(tmp_path_factory.mktemp("adoption") / "venv", wheel)
