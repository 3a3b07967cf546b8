"""For pytest: every test has a store of its own process, empty when it begins. Found by itself once installed.

Without the installed package: `pytest_plugins = ["kv.pytest_plugin"]` in the topmost conftest.py.
"""

from __future__ import annotations

import pytest
from django.conf import settings


def _has_store() -> bool:
    return settings.configured and "kv" in settings.INSTALLED_APPS


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before the test's fixtures, which may write."""
    if _has_store():
        from kv.testing import store  # imports models' neighbours: only once Django is set up

        store.use()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the store of this process."""
    if _has_store():
        from kv.testing import store

        store.end()
