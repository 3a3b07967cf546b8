"""A prepared call is, byte by byte, what hiredis packs of the same call."""

from __future__ import annotations

from typing import Any

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kv.store.prepared import PreparedCall, parameters
from kv.store.scripts import Script
from kv.store.steps import Steps, drive

SCRIPT = Script("kv", "count_request")
LENGTHS = {"none": 0, "one": 1, "more": 3, "visitor": 32}

texts = st.text(alphabet=st.characters(exclude_characters="\1\2\3\4\5\6\7", exclude_categories=["Cs"]), max_size=20)
#: Parts of a key: a text, or the name of a parameter.
keys_in_parts = st.lists(
    st.lists(st.one_of(st.tuples(st.just(""), texts), st.tuples(st.sampled_from(sorted(LENGTHS)), st.just("")))),
    max_size=5,
)
arguments = st.lists(st.one_of(texts, st.integers(), st.binary(max_size=9)))


def values_of(fill: str) -> dict[str, str]:
    return {name: fill * length for name, length in LENGTHS.items()}


@given(keys_in_parts, arguments, st.lists(texts), st.sampled_from("0af%\r"))
def test_it_is_what_hiredis_packs(parts: Any, args: Any, more: list[str], fill: str) -> None:
    values = values_of(fill)

    def keys_with(values: dict[str, str]) -> list[str]:
        return ["{x}" + "".join(text or values.get(name, "") for name, text in key) for key in parts]

    keys, args = (
        keys_with(values),
        [arg.translate(None, b"\1\2\3\4\5\6\7") if isinstance(arg, bytes) else arg for arg in args],
    )
    bound = PreparedCall(SCRIPT, keys_with(parameters(LENGTHS)), args, LENGTHS).bind(values, *more)
    assert bound.packed() == hiredis.pack_command(("EVALSHA", SCRIPT.sha, len(keys), *keys, *args, *more))
    assert (bound.keys, bound.args) == (keys, [*args, *more])


@pytest.mark.parametrize("value", ["", "0" * 31, "0" * 33, "é" * 32])
def test_a_value_of_another_length_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="parameter visitor"):
        prepared().bind({"visitor": value}).packed()


def test_a_value_that_is_not_bound_is_refused() -> None:
    with pytest.raises(KeyError):
        prepared().bind({"fingerprint": "0" * 32}).packed()


def test_the_store_takes_it_as_any_other_call(store: Any) -> None:
    def work(value: str) -> Steps[int]:
        reply: int = yield prepared().bind({"visitor": value}, "60000000")
        return reply

    assert drive(work("a" * 32)) == 0
    assert 0 < drive(work("a" * 32)) <= 60_000_000
    assert drive(work("b" * 32)) == 0
    assert store.llen("{kv}" + "a" * 32) == 1


def prepared() -> PreparedCall:
    lengths = {"visitor": 32}
    return PreparedCall(SCRIPT, [f"{{kv}}{parameters(lengths)['visitor']}"], [1], lengths)
