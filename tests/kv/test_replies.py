"""Replies of the store: one shape whatever the protocol; items in batches."""

from __future__ import annotations

import pytest

from kv.sql.batches import in_batches
from kv.store.replies import pairs


@pytest.mark.parametrize(
    "reply",
    [[b"a", b"1", b"b", b"2"], [[b"a", b"1"], [b"b", b"2"]], [(b"a", b"1"), (b"b", b"2")], {b"a": b"1", b"b": b"2"}],
    ids=["flat", "lists", "tuples", "map"],
)
def test_pairs_of_every_shape(reply: object) -> None:
    assert pairs(reply) == [(b"a", b"1"), (b"b", b"2")]


@pytest.mark.parametrize("reply", [[], {}])
def test_nothing_has_no_pairs(reply: object) -> None:
    assert pairs(reply) == []


def test_half_a_pair_is_an_error() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        pairs([b"a", b"1", b"b"])


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (4, [4]), (5, [4, 1]), (8, [4, 4])])
def test_batches_hold_every_item_in_order(count: int, sizes: list[int]) -> None:
    batches = list(in_batches(iter(range(count)), 4))
    assert [len(batch) for batch in batches] == sizes
    assert [item for batch in batches for item in batch] == list(range(count))
