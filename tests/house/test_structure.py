"""What the numbers of `python -m benchmarks.structure` must not become."""

from __future__ import annotations

import pytest

from benchmarks.structure import circles_of, imports_of, longest_chain, parse, upwards
from tests.house.tree import ROOT

DEEPEST = 14


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    return imports_of(parse(ROOT))


def test_no_modules_import_one_another(graph: dict[str, set[str]]) -> None:
    assert circles_of(graph) == []


def test_imports_go_downwards(graph: dict[str, set[str]]) -> None:
    """The layers: config, billing, usertokens beside stats and codetags, then the packages of kv down to its ground."""
    assert upwards(graph) == []


def test_a_chain_of_imports_is_short(graph: dict[str, set[str]]) -> None:
    chain = longest_chain(graph)
    assert len(chain) <= DEEPEST, " > ".join(chain)


def test_what_is_wrong_is_seen() -> None:
    wrong = {
        "kv.errors": {"kv.store.tls"},
        "kv.store.tls": {"kv.errors"},
        "stats.keys": {"codetags.keys"},
        "codetags.keys": set(),
    }
    assert circles_of(wrong) == [["kv.errors", "kv.store.tls"]]
    assert upwards(wrong) == ["kv.errors imports kv.store.tls", "stats.keys imports codetags.keys"]
    assert longest_chain({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == ["a", "b", "c"]
