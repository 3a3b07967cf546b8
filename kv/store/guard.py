"""Tests must not write to the real store: under Django's test environment only a store for tests is opened.

Django gives a test run a database of its own, but knows nothing of the store. A test that deletes "its" user 1 would
close the account of the real user 1.
"""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from kv.store.caches import ALIAS

#: In OPTIONS of CACHES["kv"]: True says that the store may be emptied between tests.
FOR_TESTS = "FOR_TESTS"


class RealStoreInTests(ImproperlyConfigured):
    """A test reached for a store that is not declared as one for tests. Nothing was sent."""

    def __init__(self) -> None:
        super().__init__(
            f'A test reached for the real store, CACHES["{ALIAS}"]. Give tests a store of their own: with pytest '
            "install the package or add `-p kv.pytest_plugin`; with manage.py test set "
            'TEST_RUNNER = "kv.testing.StoreRunner", or derive the tests from kv.testing.StoreTestMixin. '
            "See docs/testing.md."
        )


def is_for_tests(entry: dict[str, Any]) -> bool:
    """Whether an entry of CACHES is declared as a store for tests."""
    return bool((entry.get("OPTIONS") or {}).get(FOR_TESTS))


def is_test_run() -> bool:
    """Whether Django's test environment is set up, as its own runner and pytest-django do before the first test."""
    utils = sys.modules.get("django.test.utils")
    return utils is not None and hasattr(getattr(utils, "_TestState", None), "saved_data")


def refuse_real_store() -> None:
    """Raise RealStoreInTests in a test run whose store is not for tests. Costs one look-up outside of tests."""
    if is_test_run() and not is_for_tests(settings.CACHES.get(ALIAS) or {}):
        raise RealStoreInTests
