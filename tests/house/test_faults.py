"""Each line of the table of faults names the tests that show it, and they are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, syntax

TITLE = "## What happens when"
COLUMNS = ["fault", "a caller sees", "how soon", "what is lost", "how it heals", "tried in"]
FOLDERS = ("tests/faults", "tests/cluster", "tests/sentinel", "tests/config")
#: A file and a class or a function of it.
NAMED = re.compile(r"`(test_\w+\.py)::(\w+)`")


def _rows() -> list[list[str]]:
    _, _, rest = (ROOT / "docs/operations.md").read_text().partition(f"\n{TITLE}\n")
    section = rest.partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _tests_of(path: Path) -> set[str]:
    """Classes with tests in them, and tests that stand alone."""
    return {
        node.name
        for node in syntax(path).body
        if (isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))
        or (isinstance(node, ast.ClassDef) and node.name.startswith("Test"))
    }


def test_the_table_says_four_things_of_each_fault_and_where_they_are_tried() -> None:
    rows = _rows()
    assert rows[0] == COLUMNS
    assert len(rows) > 12
    assert [row[0] for row in rows[2:] if len(row) != len(COLUMNS) or not all(row)] == []


@pytest.mark.parametrize("row", _rows()[2:], ids=lambda row: row[0])
def test_each_line_names_tests_that_there_are(row: list[str]) -> None:
    named = NAMED.findall(row[-1])
    assert named
    assert row[-1].count("`") == 2 * len(named), "something else stands there"
    for file, name in named:
        (path,) = [found for folder in FOLDERS if (found := ROOT / folder / file).exists()][:1]
        assert name in _tests_of(path), f"{file} has no {name}"
