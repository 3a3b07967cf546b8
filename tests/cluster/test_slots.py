"""No script names keys of two slots: every builder of keys, every script, and every call of one."""

from __future__ import annotations

import ast
import inspect
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest
from django.apps import apps
from redis.crc import key_slot

from kv import keys as kv_keys
from kv.store.health import installed_scripts
from kv.store.scripts import Script
from tests.cluster.watch import never_ran
from tests.house.tree import PACKAGES, place, python_files, syntax

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# They answer beginnings of keys and the user behind one.
NO_KEYS = {"kv.families", "kv.derived", "usertokens.user_of"}
#: One value for each kind of thing that a key may name. `{` and `}` are not among what a user may choose.
SAMPLES: dict[str, Any] = {"int": 7, "str": "7f3a", "date": date(2026, 3, 1)}
PREFIX = "site:"
#: How a script might be sent past `Script`; the client reads the arguments, to find a command's first key.
SENDING = {"EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"}
SENDERS = {"kv/store/scripts.py", "kv/store/client.py"}
METHODS = {name.lower() for name in SENDING} | {"register_script"}


def builders() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function of every keys.py that answers keys."""
    for package in (config.name for config in apps.get_app_configs()):
        if find_spec(f"{package}.keys") is None:
            continue
        module = import_module(f"{package}.keys")
        for name, function in vars(module).items():
            if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_"):
                yield f"{package}.{name}", function


def built(function: Callable[..., Any]) -> list[str]:
    """The keys that the function answers for sample arguments; globs for SCAN are left out."""
    hints = get_type_hints(function)
    # What is kept beside a key is named by that key.
    samples = {"noted": f"{PREFIX}{{usertokens}}:fallen"}
    given = {
        name: samples.get(name, SAMPLES[hints[name].__name__])
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


def test_every_app_with_keys_is_looked_at() -> None:
    assert {name.partition(".")[0] for name, _ in builders()} == {"kv", "stats", "usertokens", "codetags", "billing"}
    assert {name for name, _ in builders()} >= NO_KEYS


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


@pytest.mark.parametrize("path", python_files(*PACKAGES), ids=place)
def test_scripts_are_sent_by_their_class_alone(path: Any) -> None:
    nodes = list(ast.walk(syntax(path)))
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    called = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    if place(path) not in SENDERS:
        assert words & SENDING == set()
    assert called & METHODS == set()


def test_a_script_that_no_test_ran_is_named() -> None:
    scripts = {f"{script.package}/{script.name}" for script in installed_scripts()}
    assert never_ran(scripts) == []
    assert never_ran(scripts - {"stats/record_visit"}) == ["stats/record_visit"]
    # What stands in front of others is no script of its own.
    assert {"kv/take_lease", "usertokens/spend_tokens"} <= set(never_ran([]))
    assert "usertokens/ledger" not in never_ran([])
