"""The picture and the table of imports in docs/architecture.md are what the code imports."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

from tests.house.tree import PACKAGES, ROOT, python_files, syntax

GROUND = "the ground"
#: Modules of kv that are no part of the ground: what starts kv, and old names.
ABOVE = {"__init__", "apps", "moved", "pytest_plugin"}
OWN = {"admin", "checks", "testing"}
#: Packages of the ground.
BASIC = {"process", "sql"}


def _described() -> dict[str, set[str]]:
    text = (ROOT / "docs/architecture.md").read_text().partition("| package | imports |\n")[2].partition("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in text.splitlines()[1:]]
    return {
        package: set(re.findall(r"`([\w/.]+)`", imports)) | ({GROUND} if GROUND in imports else set())
        for packages, imports in rows
        for package in re.findall(r"`([\w/.]+)`", packages)
    }


def _rows() -> dict[str, int]:
    """Where each part of kv stands in the picture, from the top."""
    text = (ROOT / "docs/architecture.md").read_text().partition("rows below it:\n\n")[2].partition("```")[0]
    rows = [row.partition("     the ground")[0].split() for row in text.splitlines()]
    return {f"kv/{name.rstrip('/')}": place for place, row in enumerate(rows) for name in row}


def _package(parts: tuple[str, ...], *, inside_kv: bool) -> str | None:
    """The row that a module belongs to. From outside, kv is one."""
    if parts[0] != "kv" or not inside_kv:
        return parts[0] if parts[0] in PACKAGES else None
    if len(parts) == 1 or parts[1] in ABOVE:
        return None
    if parts[1] in BASIC:
        return GROUND
    if (ROOT / "kv" / parts[1]).is_dir():
        return f"kv/{parts[1]}"
    return f"kv/{parts[1]}.py" if parts[1] in OWN else GROUND


def _imported(path: Path) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            found |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {(*node.module.split("."), alias.name) for alias in node.names}
    return found


def test_the_table_of_imports_is_true() -> None:
    real: dict[str, set[str]] = defaultdict(set)
    for path in python_files(*PACKAGES):
        parts = path.relative_to(ROOT).with_suffix("").parts
        package = _package(parts, inside_kv=True)
        if package not in (None, GROUND):
            reached = {_package(target, inside_kv=parts[0] == "kv") for target in _imported(path)}
            real[package] |= {target for target in reached if target} - {package}
    assert dict(real) == _described()


def test_the_picture_has_every_part_of_kv() -> None:
    parts = {path.relative_to(ROOT).as_posix() for path in (ROOT / "kv").iterdir() if (path / "__init__.py").is_file()}
    modules = {f"kv/{path.stem}" for path in (ROOT / "kv").glob("*.py") if path.stem not in {*ABOVE, *OWN, "signals"}}
    assert set(_rows()) == parts - {"kv/migrations"} | modules | {f"kv/{name}.py" for name in OWN}


def test_each_row_of_the_picture_imports_only_what_stands_below_it() -> None:
    rows = _rows()
    ground = rows["kv/errors"]
    upwards = [
        f"{package} imports {target}"
        for package, targets in _described().items()
        for target in targets
        if package in rows and rows.get(target, ground) <= rows[package]
    ]
    assert upwards == []
