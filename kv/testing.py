"""A store of its own for every test run: `StoreRunner` for `manage.py test`, `kv.pytest_plugin` for pytest.

Each test process has one: an embedded Valkey in a directory of its own where the machine has one, else fakeredis, on
which the token ledger does not run (its scripts need cmsgpack). It is empty when a test begins.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from typing import Any
from unittest import TestCase, TestResult

from django.conf import settings
from django.test import override_settings
from django.test.runner import DiscoverRunner, ParallelTestSuite

from kv.errors import NoEmbeddedServer
from kv.store.caches import ALIAS, durable_cache
from kv.store.connection import call, forget_connections
from kv.store.embedded import EmbeddedServer, binary_path
from kv.store.factories import embedded_server
from kv.store.guard import FOR_TESTS, is_for_tests
from kv.store.health import installed_scripts

_MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
# Nothing in a test may fail because another test process has the processor.
_TIMEOUT_MS = 5000


class TestStore:
    """The store of this test process. It is made when the first test begins, and gone with the process.

    An entry of CACHES that is declared for tests already (`"OPTIONS": {"FOR_TESTS": True}`) is used as it is; it is
    emptied all the same, and several test processes must not share it.
    """

    __test__ = False  # no class of tests, whatever its name begins with

    def __init__(self) -> None:
        self._override: override_settings | None = None
        self._pid = 0
        self._directory = ""
        self._server: EmbeddedServer | None = None
        self._fake: Any = None
        self.kind = ""

    def use(self) -> None:
        """Put the test store in the place of CACHES["kv"], and empty it. Costs nothing until something is written."""
        if self._pid != os.getpid():
            self._begin()
        elif self._server is None or self._server.socket_path.exists():
            call("FLUSHALL")

    def end(self) -> None:
        """Stop what was started, and bring the project's own CACHES back."""
        if self._pid != os.getpid():
            return
        if self._override is not None:
            self._override.disable()
        if self._server is not None:
            self._server.leave()
        if self._fake is not None:
            self._fake.shutdown()
            self._fake.server_close()
        forget_connections()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._pid = 0

    def _begin(self) -> None:
        """In a forked test process too, which must leave its parent's store alone."""
        is_ours = self._override is not None  # inherited
        self._override, self._server, self._fake, self._pid = None, None, None, os.getpid()
        self._directory = tempfile.mkdtemp(prefix="ch-")
        atexit.register(self.end)
        if not is_ours and is_for_tests(settings.CACHES.get(ALIAS) or {}):
            self.kind = "the project's own"
            forget_connections()
            call("FLUSHALL")
            return
        try:
            binary_path()
        except NoEmbeddedServer:
            entry = self._fakeredis()
        else:
            entry = durable_cache("embedded", directory=self._directory, timeout_ms=_TIMEOUT_MS, fsync="everysec")
            self._server = embedded_server(entry["LOCATION"])
            self.kind = "embedded"
        entry["OPTIONS"][FOR_TESTS] = True
        self._override = override_settings(CACHES={**_other_caches(), ALIAS: entry})
        self._override.enable()
        if self._fake is not None:
            # It closes a connection after each error reply, such as the one for a script that is not loaded yet.
            for script in installed_scripts():
                script.load()

    def _fakeredis(self) -> dict[str, Any]:
        """A fakeredis behind a socket of its own: the connections are redis-py's, as they are to a real server."""
        import threading

        from fakeredis import TcpFakeServer

        self._fake = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
        threading.Thread(target=self._fake.serve_forever, name="fakeredis", daemon=True).start()
        self.kind = "fakeredis"
        return durable_cache(f"redis://127.0.0.1:{self._fake.server_address[1]}/0", timeout_ms=_TIMEOUT_MS)


def _other_caches() -> dict[str, Any]:
    """The project's other caches; those in the store's own server are in memory, so that the real one stays alone."""
    real = str((settings.CACHES.get(ALIAS) or {}).get("LOCATION", ""))
    server = real.split("?", maxsplit=1)[0].rpartition("/")[0] if "://" in real else real
    return {
        alias: _MEMORY if server and str(entry.get("LOCATION", "")).startswith(server) else entry
        for alias, entry in settings.CACHES.items()
    }


#: The store of this process.
store = TestStore()


class StoreTestMixin(TestCase):
    """For unittest and Django's runner: the tests of a class have a store of their own, empty at each one's begin.

    `class CheckoutTests(StoreTestMixin, TestCase): …`
    """

    @classmethod
    def setUpClass(cls) -> None:
        """Before the class's own fixtures, which may write."""
        store.use()
        super().setUpClass()

    def run(self, result: TestResult | None = None) -> TestResult | None:
        """Run the test on an empty store, whatever `setUp` a project has of its own."""
        store.use()
        return super().run(result)


class StoreRunnerMixin:
    """For a test runner of your own that derives from Django's: see `StoreRunner`."""

    def setup_test_environment(self, **kwargs: Any) -> None:
        """Before the test database, whose signals may read the store."""
        super().setup_test_environment(**kwargs)  # type: ignore[misc] # of the runner that this is mixed into
        store.use()
        begin_each_test_empty()


_plain_run = TestCase.run


def begin_each_test_empty(*_: Any) -> None:
    """From now on each test of unittest's in this process, and in those forked from it, begins on an empty store."""

    def run(self: TestCase, result: TestResult | None = None) -> TestResult | None:
        store.use()
        return _plain_run(self, result)

    TestCase.run = run  # type: ignore[method-assign] # every test case of the process, whoever wrote it


class _ParallelTestSuite(ParallelTestSuite):
    # Processes that are not forked do not inherit what the runner has set up.
    process_setup = begin_each_test_empty


class StoreRunner(StoreRunnerMixin, DiscoverRunner):
    """Django's test runner; each test has an empty store of its own, whatever class it is of.

    `TEST_RUNNER = "kv.testing.StoreRunner"` in the project's settings.
    """

    parallel_test_suite = _ParallelTestSuite
