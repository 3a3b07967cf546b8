"""The version of this package."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import metadata
from pathlib import Path


@lru_cache(maxsize=1)
def package_version() -> str:
    """The version of the installed package; in a checkout, of its pyproject.toml."""
    try:
        return metadata.version("countinghouse")
    except metadata.PackageNotFoundError:
        path = Path(__file__).resolve().parents[2] / "pyproject.toml"
        return str(tomllib.loads(path.read_text())["project"]["version"]) if path.is_file() else "unknown"
