"""Dotted paths of before a move still lead somewhere, and say where."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from django.test import override_settings
from django.utils.module_loading import import_string

from kv.moved import MOVED, MOVED_IN_03, RemovedIn03Warning, RemovedIn04Warning
from kv.store.caches import durable_cache
from kv.web.rate_limits import RateLimit, RateLimited, parse_window
from kv.work.duties import installed_duties


@pytest.fixture(autouse=True)
def _not_imported_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    for old in MOVED:
        monkeypatch.delitem(sys.modules, old, raising=False)


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_every_name_is_the_new_ones_own(old: str, new: str) -> None:
    warning, since = (RemovedIn04Warning, "0.3") if old in MOVED_IN_03 else (RemovedIn03Warning, "0.2")
    with pytest.warns(warning, match=f"{old} is {new} since {since}"):
        found = import_module(old)
    target = import_module(new)
    names = [name for name in vars(target) if not name.startswith("__")]
    assert names
    assert [name for name in names if getattr(found, name) is not getattr(target, name)] == []


def test_a_path_in_settings_is_followed() -> None:
    with pytest.warns(RemovedIn03Warning, match="kv.store.caches"):
        assert import_string("kv.caches.durable_cache") is durable_cache


def test_a_limit_is_declared_where_it_was() -> None:
    with pytest.warns(RemovedIn03Warning, match="kv.web.throttling"):
        old = import_module("kv.throttling")
    assert (old.RateLimit, old.RateLimited, old.parse_window) == (RateLimit, RateLimited, parse_window)
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        _ = old.nothing_of_this_name


def test_a_name_that_never_was_is_an_error_as_ever() -> None:
    with pytest.raises(ModuleNotFoundError):
        import_module("kv.never")


def test_our_own_apps_use_no_old_path() -> None:
    """Warnings are errors in a process that starts the site, sets it up and reads every address."""
    program = "import django; django.setup()\nfrom django.core.management import call_command; call_command('check')\n"
    subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", program],
        check=True, capture_output=True, env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


@override_settings(INSTALLED_APPS=["kv", "stats", "codetags"])
def test_the_old_path_of_duties_is_no_duty_of_an_app() -> None:
    assert installed_duties()
