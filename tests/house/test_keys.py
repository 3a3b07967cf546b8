"""Keys are spelled in keys.py alone: no other module, and no script, builds one."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.house.tree import APPS, files, place, python_files, syntax

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPELLED = re.compile(r"^(\{(stats|usage|qr)\}:|user:\{|billing:\{)")
HEADER = re.compile(r"\A--\[\[.*?\]\]", re.DOTALL)


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module as it would read when built; docstrings are prose and left out."""
    prose = {
        id(node.body[0].value)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "" for part in node.values]
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


@pytest.mark.parametrize("app", APPS)
def test_no_other_module_spells_a_key(app: str) -> None:
    spelled = [
        f"{place(path)}:{line}: {text}"
        for path in python_files(app)
        if path.name != "keys.py"
        for line, text in _texts(path)
        if SPELLED.match(text)
    ]
    assert spelled == []


@pytest.mark.parametrize("path", files("*.lua", "kv", *APPS), ids=place)
class TestScript:
    def test_opens_with_keys_arguments_and_answer(self, path: Path) -> None:
        header = HEADER.match(path.read_text())
        assert header, "the file opens with --[[ … ]]"
        missing = [word for word in ("KEYS", "ARGV", "Returns") if word not in header.group()]
        assert missing == []

    def test_takes_every_key_from_its_caller(self, path: Path) -> None:
        body = HEADER.sub("", path.read_text())
        literal = re.findall(r"redis\.p?call\(\s*['\"]\w+['\"]\s*,\s*['\"][^)]*", body)
        # A literal name would leave the slot on a cluster; CONFIG, TIME and their kind name no key.
        keyless = ("CONFIG", "TIME", "INFO", "PING", "OBJECT")
        assert [call for call in literal if not any(word in call.upper() for word in keyless)] == []

    def test_answers_words_not_codes(self, path: Path) -> None:
        assert re.findall(r"return\s+-\d", path.read_text()) == []
