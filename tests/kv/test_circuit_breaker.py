"""The circuit breaker: a silent server costs one call its timeout, and a server that is back refuses nobody."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import redis

from kv.errors import StoreUnavailable, store_errors
from kv.store.caches import durable_cache
from kv.store.circuit_breaker import CircuitBreaker
from kv.store.connection import call
from kv.web.rate_limits import RateLimit
from kv.web.throttling import check_identity
from tests.faults.servers import own_server

if TYPE_CHECKING:
    from collections.abc import Callable

#: One timeout, and what a busy machine adds of its own.
ONE_TIMEOUT = 0.25 + 0.2
CLIENTS, EACH = 4, 6

WORK: dict[str, Callable[[], Any]] = {
    "lean": lambda: call("INCR", "{t}:a"),
    "a limit": lambda: check_identity(RateLimit("breaker", "1000/minute"), "somebody"),
}


def refusals(work: Callable[[], Any], times: int) -> list[float]:
    """How long each of `times` refusals took."""
    took = []
    for _ in range(times):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            work()
        took.append(time.monotonic() - began)
    return took


class TestSilentServer:
    @pytest.mark.parametrize("name", WORK)
    def test_a_queue_before_a_frozen_store_moves_on(self, name: str) -> None:
        """Four threads with six requests each, as a worker has them, would need six timeouts."""
        work = WORK[name]
        with own_server() as breakable:
            work()
            with breakable.frozen(), ThreadPoolExecutor(CLIENTS) as pool:
                refusals(work, 1)
                began = time.monotonic()
                took = [
                    seconds for each in pool.map(lambda _: refusals(work, EACH), range(CLIENTS)) for seconds in each
                ]
                whole = time.monotonic() - began
            assert len(took) == CLIENTS * EACH
            # One after another probes, the others are refused before the probe has run out.
            assert sorted(took)[len(took) // 2] < 0.2
            # No thread waits longer than one timeout for each: with two, the whole would take twice as long.
            assert whole < EACH * ONE_TIMEOUT
            work()


class TestHalfOpen:
    def test_a_slow_probe_is_waited_for(self) -> None:
        breaker = CircuitBreaker(timeout=5)
        breaker.note(redis.TimeoutError())
        breaker._failed_at -= 7
        inside, finish = threading.Event(), threading.Event()

        def probe() -> None:
            with breaker.half_open():
                inside.set()
                finish.wait(5)

        def follow() -> str:
            with breaker.half_open():
                return "served"

        with ThreadPoolExecutor(4) as pool:
            probing = pool.submit(probe)
            assert inside.wait(5)
            followers = [pool.submit(follow) for _ in range(3)]
            finish.set()
            probing.result(5)
            assert [follower.result(5) for follower in followers] == ["served"] * 3


class TestStates:
    @pytest.mark.parametrize(
        ("error", "opens"),
        [
            (redis.TimeoutError(), True),
            (redis.ConnectionError("refused"), False),  # at once: it holds no thread
            (redis.ResponseError("WRONGTYPE"), False),
        ],
    )
    def test_only_a_failure_that_took_its_time_opens(self, error: Exception, opens: bool) -> None:
        breaker = CircuitBreaker()
        breaker.note(error)
        assert breaker.is_open is opens

    def test_an_error_reply_is_an_answer(self) -> None:
        breaker = CircuitBreaker()
        breaker.note(redis.TimeoutError())
        with pytest.raises(redis.ResponseError), breaker.half_open():
            raise redis.ResponseError("WRONGTYPE")
        assert not breaker.is_open

    def test_a_failed_probe_leaves_it_open_for_the_next(self) -> None:
        breaker = CircuitBreaker()
        breaker.note(redis.TimeoutError())
        with pytest.raises(StoreUnavailable), breaker.half_open():
            raise StoreUnavailable("timeout")
        assert breaker.is_open
        with breaker.half_open():
            pass
        assert not breaker.is_open


class TestReasons:
    """A log line says which refusal it was."""

    @pytest.mark.parametrize(
        ("error", "word"),
        [
            (redis.TimeoutError("x"), "timeout"),
            (redis.BusyLoadingError("x"), "loading"),
            (redis.ResponseError("LOADING Redis is loading the dataset in memory"), "loading"),
            (redis.AuthenticationError("x"), "login refused"),
            (redis.ConnectionError("x"), "connection failed"),
            (redis.ResponseError("MISCONF x"), "MISCONF"),
            (redis.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "OOM"),
            (redis.ReadOnlyError("You can't write against a read only replica."), "READONLY"),
            (redis.ResponseError("Error running script: -OOM command not allowed"), "OOM"),
        ],
    )
    def test_of_the_client_library(self, error: Exception, word: str) -> None:
        with pytest.raises(StoreUnavailable, match=f"^{word}"), store_errors():
            raise error

    def test_nobody_listens(self, settings: Any) -> None:
        settings.CACHES = {**settings.CACHES, "kv": durable_cache("redis://127.0.0.1:1/0")}
        with pytest.raises(StoreUnavailable, match=r"^refused"):
            call("PING")

    def test_another_call_is_probing(self) -> None:
        breaker = CircuitBreaker(timeout=0.01)
        breaker.note(redis.TimeoutError())
        inside, finish = threading.Event(), threading.Event()

        def probe() -> None:
            with breaker.half_open():
                inside.set()
                finish.wait(5)

        with ThreadPoolExecutor(1) as pool:
            probing = pool.submit(probe)
            assert inside.wait(5)
            with pytest.raises(StoreUnavailable, match=r"^probe"), breaker.half_open():
                pass
            finish.set()
            probing.result(5)
        assert not breaker.is_open
