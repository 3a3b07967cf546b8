"""A prefix of any letters finds its own keys and no others."""

from __future__ import annotations

from typing import Any

import pytest

from kv.globs import literal


@pytest.mark.parametrize("prefix", ["site:", "a*b:", "a?b:", "[ab]:", "[^a]:", "[a-z]:", "a\\b:", "é:"])
def test_stands_for_itself(prefix: str, store: Any) -> None:
    for key in (f"{prefix}n", "axb:n", "a:n", "b:n", "z:n", "ab:n"):
        store.set(key, 1)
    assert [key.decode() for key in store.scan_iter(match=f"{literal(prefix)}*")] == [f"{prefix}n"]
