"""What the house rules are checked against: the files of the tree, parsed once."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The four apps have the same modules; kv, the base package, has others.
APPS = tuple(name for name in ("stats", "usertokens", "codetags", "billing") if (ROOT / name / "apps.py").is_file())
PACKAGES = ("kv", *APPS, "config")


@cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """Every Python file below the folders, migrations left out: those are written by Django."""
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return tuple(path for path in found if "migrations" not in path.parts)


@cache
def files(pattern: str, *folders: str) -> tuple[Path, ...]:
    """Every file below the folders whose name fits the pattern."""
    return tuple(path for folder in folders for path in sorted((ROOT / folder).rglob(pattern)))


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> set[str]:
    """Every module a file names in an import, dotted and absolute; `from a import b` names both a and a.b."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    names: set[str] = set()
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
