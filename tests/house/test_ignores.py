"""Whatever ruff or mypy is to overlook has its reason beside it."""

from __future__ import annotations

import re
import tokenize
from typing import TYPE_CHECKING

import pytest

from tests.house.tree import PACKAGES, place, python_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK = re.compile(r"#\s*(?:type:\s*ignore(?:\[[\w, -]+\])?|noqa(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?)")


def bare_marks(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            is_mark = token.type == tokenize.COMMENT and MARK.search(token.string)
            if is_mark and not re.search(r"\w{2}", MARK.sub("", token.string)):
                yield f"{place(path)}:{token.start[0]}"


def test_every_ignore_has_its_reason() -> None:
    files = python_files(*PACKAGES, "tests", "benchmarks")
    assert [mark for path in files for mark in bare_marks(path)] == []


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        ("x = 1  # noqa: E501", True),
        ("x = 1  # type: ignore[misc]  # noqa: E501", True),
        ("x = 1  # noqa: E501 (a long address)", False),
        ("x = 1  # type: ignore[misc] # no types", False),
        ("x = 1  # not one", False),
    ],
)
def test_a_bare_one_is_seen(line: str, bare: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.house.test_ignores.place", lambda path: path.name)
    (tmp_path / "a.py").write_text(f"{line}\n")
    assert list(bare_marks(tmp_path / "a.py")) == (["a.py:1"] if bare else [])
