"""For tests that are about one server of our own, whatever TEST_STORE puts the suite on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kv.store.connection import connection
from tests.faults.servers import Breakable, own_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def embedded_server() -> Iterator[Breakable]:
    """One embedded server for the tests of a module."""
    with own_server(fsync="everysec", timeout_ms=5000) as breakable:
        yield breakable


@pytest.fixture
def embedded_store(embedded_server: Breakable) -> Any:
    """The connection to it, empty."""
    client = connection()
    client.flushall()
    client.script_flush()
    return client
