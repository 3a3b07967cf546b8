"""The store for tests and the guard of the real one; whole projects are in tests/packaging/test_tested_project.py."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import override_settings

from codetags.services.hits import record_hit
from codetags.types import Outcome
from kv import testing
from kv.errors import NoEmbeddedServer
from kv.store import guard
from kv.store.caches import durable_cache
from kv.store.connection import call, call_many, call_write, connection
from kv.store.guard import FOR_TESTS, RealStoreInTests
from kv.testing import TestStore
from stats.services.visits import record_visit

#: Taken while tests are collected: the suite itself switches it off.
IS_TEST_RUN = guard.is_test_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def test_store() -> Iterator[TestStore]:
    made = TestStore()
    yield made
    made.end()


class TestGuard:
    @pytest.fixture(autouse=True)
    def _on(self, monkeypatch: pytest.MonkeyPatch, store: Any) -> None:
        call("GET", "connected already")
        monkeypatch.setattr(guard, "is_test_run", lambda: True)

    @pytest.mark.parametrize(
        "reach",
        [
            connection,
            lambda: call("GET", "a"),
            lambda: call_many([("GET", "a")]),
            lambda: call_write("SET", "a", 1),
            lambda: record_visit(address="203.0.113.5"),
        ],
    )
    def test_refuses_the_real_store_though_it_is_connected(self, reach: Callable[[], Any]) -> None:
        with pytest.raises(RealStoreInTests, match=r"kv\.testing\.StoreTestMixin"):
            reach()

    def test_lets_one_for_tests_pass(self, test_store: TestStore) -> None:
        test_store.use()
        assert record_visit(address="203.0.113.5").visitors == 1

    def test_one_that_the_project_declares(self) -> None:
        entry = settings.CACHES["kv"]
        with override_settings(CACHES={"kv": {**entry, "OPTIONS": {**entry["OPTIONS"], FOR_TESTS: True}}}):
            assert call("SET", "a", 1) == b"OK"


def test_a_test_run_is_known_by_djangos_test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.test.utils import _TestState

    assert IS_TEST_RUN()
    monkeypatch.delattr(_TestState, "saved_data")
    assert not IS_TEST_RUN()


class TestOwnStore:
    def test_is_another_one_and_empty_each_time(self, test_store: TestStore, store: Any) -> None:
        call("SET", "real", 1)
        test_store.use()
        assert call("GET", "real") is None
        call("SET", "mine", 1)
        test_store.use()
        assert call("GET", "mine") is None
        test_store.end()
        assert call("GET", "real") == b"1"

    def test_starts_no_server_until_something_is_written(self, test_store: TestStore) -> None:
        test_store.use()
        test_store.use()
        assert test_store._server is not None
        assert not test_store._server.is_alive()

    def test_caches_in_the_same_server_are_in_memory_and_others_stay(self, test_store: TestStore) -> None:
        real = "redis://shop.internal:6379"
        caches = {
            "kv": durable_cache(f"{real}/0"),
            "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": f"{real}/1"},
            "other": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
        }
        with override_settings(CACHES=caches):
            test_store.use()
            assert settings.CACHES["default"] == testing._MEMORY
            assert settings.CACHES["other"] == caches["other"]
            test_store.end()
            assert caches == settings.CACHES

    @pytest.mark.skipif(os.environ.get("TEST_STORE") == "cluster", reason="fakeredis knows no script under #!lua")
    def test_without_an_embedded_server_it_is_fakeredis(
        self, test_store: TestStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def none() -> None:
            raise NoEmbeddedServer("none for this machine")

        monkeypatch.setattr(testing, "binary_path", none)
        test_store.use()
        assert test_store.kind == "fakeredis"
        assert record_visit(address="203.0.113.5").visitors == 1
        assert record_hit(code="BT26", address="203.0.113.5", agent="Mozilla/5.0") is Outcome.COUNTED
        test_store.use()
        assert record_visit(address="203.0.113.5").visitors == 1
