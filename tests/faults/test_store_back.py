"""A store that is back after a silence refuses nobody of a burst; one that is silent refuses all of it in time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from kv.errors import StoreUnavailable
from kv.store.caches import durable_cache
from kv.store.connection import call
from tests.engines import servers
from tests.faults.servers import own_server, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

#: More callers than one worker has threads.
BURST = 16


def burst(work: Callable[[], Any]) -> list[str]:
    """So many calls at once; what those that were refused heard."""
    together = threading.Barrier(BURST)

    def one(_: int) -> str:
        together.wait(10)
        try:
            work()
        except StoreUnavailable as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(BURST) as pool:
        return [heard for heard in pool.map(one, range(BURST)) if heard]


class Clock:
    """time.monotonic for the breaker, which a test sets forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        real = time.monotonic
        monkeypatch.setattr("kv.store.circuit_breaker.time.monotonic", lambda: real() + self.ahead)


def refused() -> None:
    """The store is away for who calls now."""
    with pytest.raises(StoreUnavailable):
        call("PING")


class TestServerThatIsBack:
    """However long it was away, and however long nobody called: who calls a healthy server is served."""

    @pytest.mark.parametrize("rest", [0.0, 0.4, 7.0])
    def test_after_a_freeze(self, rest: float, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock(monkeypatch)
        with own_server() as breakable:
            call("SET", "{t}:a", 0)
            with breakable.frozen():
                refused()
                refused()
            wait_until(breakable.server.answers)
            clock.ahead += rest
            assert burst(lambda: call("INCR", "{t}:a")) == []

    def test_after_a_restart(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock(monkeypatch)
        with servers(1, lambda _: ("--appendfsync", "everysec")) as (server,):
            server.start()
            settings.CACHES = {**settings.CACHES, "kv": durable_cache(f"redis://127.0.0.1:{server.port}/0")}
            wait_until(_answers)
            with server.frozen():
                refused()
                refused()
                server.kill()
            refused()
            server.start()
            clock.ahead += 7
            assert burst(lambda: call("INCR", "{t}:a")) == []

    def test_a_silent_store_refuses_a_burst_within_one_timeout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = Clock(monkeypatch)
        with own_server() as breakable:
            call("PING")
            with breakable.frozen():
                refused()
                clock.ahead += 7
                began = time.monotonic()
                assert len(burst(lambda: call("PING"))) == BURST
                # Two timeouts one after the other would take longer, also on an idle machine.
                assert time.monotonic() - began < 0.25 + 0.2


def _answers() -> bool:
    try:
        return bool(call("PING"))
    except StoreUnavailable:
        return False
