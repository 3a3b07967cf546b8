"""No script names keys of two slots: every builder of keys, every script, and every call of one."""

from __future__ import annotations

import inspect
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest
from redis.crc import key_slot

from kv import keys as kv_keys
from kv.scripts import Script
from tests.house.tree import APPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# They answer beginnings of keys and the user behind one.
NO_KEYS = {"kv.families", "usertokens.user_of"}
#: One value for each kind of thing that a key may name. `{` and `}` are not among what a user may choose.
SAMPLES: dict[str, Any] = {"int": 7, "str": "7f3a", "date": date(2026, 3, 1)}
PREFIX = "site:"


def builders() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function of every keys.py that answers keys."""
    for package in ("kv", *APPS):
        module = import_module(f"{package}.keys")
        for name, function in vars(module).items():
            if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_"):
                yield f"{package}.{name}", function


def built(function: Callable[..., Any]) -> list[str]:
    """The keys that the function answers for sample arguments; globs for SCAN are left out."""
    hints = get_type_hints(function)
    given = {
        name: SAMPLES[hints[name].__name__]
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty
    }
    found = function(**given)
    keys = [found] if isinstance(found, str) else list(found)
    return [key for key in keys if "*" not in key]


BUILDERS = {name: function for name, function in builders() if name not in NO_KEYS}


@pytest.fixture(autouse=True)
def _prefix(settings: Any) -> None:
    settings.KV_PREFIX = PREFIX


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_a_builder_answers_keys_of_one_slot_behind_the_prefix(name: str) -> None:
    keys = built(BUILDERS[name])
    assert len({key_slot(key.encode()) for key in keys}) <= 1
    assert [key for key in keys if not key.startswith(PREFIX)] == []


@pytest.mark.parametrize("key", ["{stats}:visitors", "user:{7}:tokens", "site:{qr}:days:DEMO", "plain"])
def test_the_mark_that_stands_before_wait_is_of_its_write_s_slot(key: str) -> None:
    assert key_slot(kv_keys.waited(key).encode()) == key_slot(key.encode())


def test_the_watch_over_all_tests_sees_two_slots(store: Any) -> None:
    with pytest.raises(AssertionError, match="2 slots"):
        Script("kv", "renew_lease").run(["{a}", "{b}"], ["token", 5])
