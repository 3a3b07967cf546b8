"""A silent server costs one call its timeout; the others hear no at once, and all of them yes as soon as it speaks."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import redis

from kv.connection import call
from kv.errors import StoreUnavailable
from kv.gate import Gate
from kv.throttling import RateLimit
from tests.faults.servers import own_server

if TYPE_CHECKING:
    from collections.abc import Callable

#: One timeout, and what a busy machine adds of its own.
ONE_TIMEOUT = 0.25 + 0.2
CLIENTS, EACH = 4, 6

WORK: dict[str, Callable[[], Any]] = {
    "lean": lambda: call("INCR", "{t}:a"),
    "a limit": lambda: RateLimit("gate", "1000/minute").check_identity("somebody"),
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


@pytest.mark.parametrize("name", WORK)
def test_a_queue_before_a_frozen_store_moves_on(name: str) -> None:
    """Four threads with six requests each, as a worker has them, would need six timeouts."""
    work = WORK[name]
    with own_server() as breakable:
        work()
        with breakable.frozen(), ThreadPoolExecutor(CLIENTS) as pool:
            refusals(work, 1)
            began = time.monotonic()
            took = [seconds for each in pool.map(lambda _: refusals(work, EACH), range(CLIENTS)) for seconds in each]
            whole = time.monotonic() - began
        assert len(took) == CLIENTS * EACH
        # One after another tries, the others hear it at once.
        assert sorted(took)[len(took) // 2] < 0.1
        # No thread waits longer than one timeout for each: with two, the whole would take twice as long.
        assert whole < EACH * ONE_TIMEOUT
        work()


def test_one_call_at_a_time_tries() -> None:
    gate = Gate()
    gate.note(redis.TimeoutError())
    assert gate.shut
    inside, finish = threading.Event(), threading.Event()

    def wait_inside() -> None:
        with gate.trial():
            inside.set()
            finish.wait(5)

    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(wait_inside)
        assert inside.wait(5)
        with pytest.raises(StoreUnavailable), gate.trial():
            pass
        finish.set()
        trying.result(5)
    assert not gate.shut


@pytest.mark.parametrize(
    ("error", "shuts"),
    [
        (redis.TimeoutError(), True),
        (redis.ConnectionError("refused"), False),  # at once: it holds no thread
        (redis.ResponseError("WRONGTYPE"), False),
    ],
)
def test_only_a_failure_that_took_its_time_shuts(error: Exception, shuts: bool) -> None:
    gate = Gate()
    gate.note(error)
    assert gate.shut is shuts


def test_an_error_reply_is_an_answer() -> None:
    gate = Gate()
    gate.note(redis.TimeoutError())
    with pytest.raises(redis.ResponseError), gate.trial():
        raise redis.ResponseError("WRONGTYPE")
    assert not gate.shut
