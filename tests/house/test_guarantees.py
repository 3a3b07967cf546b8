"""A guarantee in a comment names the test that shows it: `(shown by tests/…::test_name)`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT

#: What a comment says when it promises something; "never" alone may be a value or a time.
_PROMISE = re.compile(r"\bmust(?: still)? not\b|\bnever (?:lowers|lowered|falls|below|more than)\b", re.IGNORECASE)
_SHOWN = re.compile(r"shown by (tests/[\w/]+\.py)::(\w+)")
#: So many lines after the promise the comment may go on.
_REACH = 3
FILES = sorted(path for pattern in ("*/lua/*.lua", "*/services/*.py") for path in ROOT.glob(pattern))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_promise_names_its_test(path: Path) -> None:
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        if _PROMISE.search(line):
            assert _SHOWN.search(" ".join(lines[number : number + _REACH])), f"{path.name}:{number + 1}: {line.strip()}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_test_that_is_named_is_there(path: Path) -> None:
    for name, test in _SHOWN.findall(" ".join(path.read_text().split())):
        assert f"def {test}(" in (ROOT / name).read_text(), f"{path.name} names {name}::{test}"
