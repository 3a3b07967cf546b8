"""Projects of somebody else's that adopt the apps: heavier than `make test`, so `make test-adoption` runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaging.conftest import make_environment, wheel

__all__ = ["bare_interpreter", "interpreter", "other_interpreter", "wheel"]

ADOPTION = Path(__file__).resolve().parents[2] / "var/adoption"


@pytest.fixture(scope="session")
def interpreter(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with the wheel, and nothing else of this tree."""
    return make_environment(tmp_path_factory.mktemp("adoption") / "venv", wheel)


@pytest.fixture(scope="session")
def bare_interpreter(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with the wheel and what it requires, without any extra."""
    return make_environment(tmp_path_factory.mktemp("bare") / "venv", wheel, bare=True)


@pytest.fixture(scope="session")
def other_interpreter(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment with the wheel, its requirements, and what projects of somebody else bring along."""
    packages = next((ADOPTION / "lib").glob("python*/site-packages"), None)
    assert packages, "`make test-adoption` installs what these projects bring along"
    return make_environment(tmp_path_factory.mktemp("others") / "venv", wheel, [str(packages)])
