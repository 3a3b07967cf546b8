"""How secrets are compared."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.house.tree import APPS, place, python_files, syntax

if TYPE_CHECKING:
    from pathlib import Path


class TestSecretsAreCompared:
    """A `==` tells by its time how much of a secret was right."""

    SECRET = re.compile(r"signature|secret|digest|token|mac$|hmac", re.IGNORECASE)

    @pytest.mark.parametrize("path", python_files("kv", *APPS, "config"), ids=place)
    def test_in_constant_time(self, path: Path) -> None:
        told = [
            f"{place(path)}:{node.lineno}: {ast.unparse(node)}"
            for node in ast.walk(syntax(path))
            if isinstance(node, ast.Compare)
            and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
            and any(self._is_secret(side) for side in (node.left, *node.comparators))
            and not any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))
        ]
        assert told == []

    def _is_secret(self, side: ast.expr) -> bool:
        name = side.id if isinstance(side, ast.Name) else side.attr if isinstance(side, ast.Attribute) else ""
        return bool(self.SECRET.search(name)) and not name.endswith("s")
