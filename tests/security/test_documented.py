"""docs/security.md and the requirements name the same packages, each with why it is there."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT
from tests.security.table import ROWS

PAGE = (ROOT / "docs" / "security.md").read_text()


def required(name: str) -> set[str]:
    """The packages that a list asks for, their extras among them."""
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] not in "#-"]
    return {str(canonicalize_name(Requirement(line).name)) for line in lines}


def described(heading: str) -> dict[str, str]:
    """Package → reason, from the table below a line that holds `heading`."""
    table = PAGE.partition(heading)[2].partition("| --- | --- |\n")[2].partition("\n\n")[0]
    reasons: dict[str, str] = {}
    for row in table.splitlines():
        names, why = (cell.strip() for cell in row.strip("| ").split("|"))
        reasons |= dict.fromkeys((str(canonicalize_name(name)) for name in re.split(r", ", names)), why)
    return reasons


@pytest.mark.parametrize(
    ("name", "heading", "brought_along"),
    [
        ("requirements.in", "## What it stands on", {"hiredis"}),  # the extra of redis
        ("requirements-dev.in", "(`requirements-dev.txt`):", set()),
    ],
)
def test_every_package_is_there_for_a_reason(name: str, heading: str, brought_along: set[str]) -> None:
    reasons = described(heading)
    assert set(reasons) == required(name) | brought_along
    assert all(reasons.values())


def test_every_address_of_the_api_is_in_its_page() -> None:
    """The table of callers is of what docs/api.md describes."""
    text = (ROOT / "docs" / "api.md").read_text()
    for row in ROWS:
        path = row.path.partition("?")[0].replace("/NONE", "/{code}")
        if path.startswith("/api/tokens/holds/"):
            path = path.rpartition("/")[2]
        assert path in text, row


def test_a_weakness_can_be_reported() -> None:
    policy = (ROOT / "SECURITY.md").read_text()
    assert "in private" in policy
    assert "docs/security.md" in policy
    assert "Supported" in policy
