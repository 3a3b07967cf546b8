"""The one way to the store: lean, never repeated, quick to give up, and well again by itself."""

from __future__ import annotations

import os
import select
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.test import override_settings

from kv.errors import NotReplicated, StoreUnavailable, store_errors
from kv.store.caches import durable_cache
from kv.store.client import client_of
from kv.store.connection import call, call_many, call_write, connection
from kv.store.scripts import Script
from tests.faults.servers import IN_TIME_SECONDS, own_server, proxied, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


def quickest_refusal(work: Callable[[], Any]) -> float:
    """Seconds that the quickest of three tries took to hear that the store is away."""
    took = []
    for _ in range(3):
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            work()
        took.append(time.monotonic() - began)
    return min(took)


class TestCall:
    def test_replies(self, store: Any) -> None:
        assert call("SET", "{t}:a", 1) == b"OK"
        assert call("INCRBY", "{t}:a", 41) == 42
        assert call("GET", "{t}:a") == b"42"
        assert call("GET", "{t}:none") is None
        assert call("SET", "{t}:b", "é\r\n".encode()) == b"OK"
        assert call("GET", "{t}:b") == "é\r\n".encode()

    def test_a_wrong_command_raises_and_leaves_the_line_clean(self, store: Any) -> None:
        call("SET", "{t}:a", "text")
        for _ in range(3):
            with pytest.raises(redis.ResponseError):
                call("INCR", "{t}:a")
            assert call("GET", "{t}:a") == b"text"

    def test_many_in_one_round_trip(self, store: Any) -> None:
        assert call_many([("SET", "{t}:a", 1), ("INCR", "{t}:a"), ("GET", "{t}:a")]) == [b"OK", 2, b"2"]

    def test_one_error_among_many_raises_after_all_were_read(self, store: Any) -> None:
        with pytest.raises(redis.ResponseError):
            call_many([("SET", "{t}:a", "x"), ("INCR", "{t}:a"), ("SET", "{t}:b", "y")])
        assert call("GET", "{t}:b") == b"y"

    def test_sixty_four_threads_share_the_lines(self, store: Any) -> None:
        def count(number: int) -> None:
            for _ in range(50):
                call("INCR", "{t}:n")
                assert call("ECHO", str(number)) == str(number).encode()

        with ThreadPoolExecutor(64) as threads:
            list(threads.map(count, range(64)))
        assert call("GET", "{t}:n") == b"3200"

    def test_a_forked_child_has_lines_of_its_own(self, store: Any) -> None:
        call("SET", "{t}:n", 0)
        children = []
        for number in range(4):
            child = os.fork()
            if child == 0:
                # Whatever happens, the child must not go on as a second run of the tests.
                status = 1
                try:
                    if all(call("ECHO", f"{number}.{turn}") == f"{number}.{turn}".encode() for turn in range(200)):
                        status = 0
                finally:
                    os._exit(status)
            children.append(child)
        assert all(call("ECHO", str(turn)) == str(turn).encode() for turn in range(200))
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]


class TestStoreAway:
    def test_gives_up_in_time_when_frozen_and_heals(self) -> None:
        with own_server() as breakable:
            call("SET", "{t}:a", 1)
            with breakable.frozen():
                assert quickest_refusal(lambda: call("INCR", "{t}:a")) < IN_TIME_SECONDS
                assert quickest_refusal(_through_redis_py) < 2 * IN_TIME_SECONDS
            # What was sent meanwhile may have been applied once each, never more often.
            assert 1 <= int(call("GET", "{t}:a")) <= 4

    @pytest.mark.parametrize(
        ("work", "word"),
        [
            (lambda: call("INCR", "{t}:a"), b"INCR"),
            (lambda: call_many([("INCR", "{t}:a"), ("GET", "{t}:a")]), b"INCR"),
            (lambda: _translated(lambda: connection().incr("{t}:a")), b"INCR"),
            (lambda: Script("kv", "renew_lease").run(["{t}:lease"], ["token", 1]), b"EVALSHA"),
        ],
        ids=["call", "call_many", "redis-py", "script"],
    )
    def test_nothing_is_ever_sent_twice(self, work: Callable[[], Any], word: bytes) -> None:
        with proxied(timeout_ms=100) as proxy:
            # A busy machine may need longer than that for the first line.
            wait_until(lambda: _goes_well(lambda: call("PING")) and _goes_well(lambda: connection().ping()))
            proxy.stall()
            with pytest.raises(StoreUnavailable):
                work()
            assert proxy.count(word) == 1
            proxy.flow()

    def test_a_connection_that_was_cut_while_it_rested_costs_no_request(self) -> None:
        with proxied() as proxy:
            for number in range(1, 6):
                assert call("INCR", "{t}:a") == number
                proxy.cut()
                resting = [one._sock for one in client_of(connection().connection_pool)._idle]
                # The end of a connection needs a moment to arrive.
                assert select.select(resting, [], [], 10)[0] == resting

    def test_a_late_reply_meets_no_other_caller(self) -> None:
        with proxied(timeout_ms=100) as proxy:
            wait_until(lambda: _goes_well(lambda: call("SET", "{t}:a", "old")))
            proxy.stall()
            with pytest.raises(StoreUnavailable):
                call("ECHO", "late")
            proxy.flow()
            heard: list[bytes] = []
            wait_until(lambda: _goes_well(lambda: heard.append(call("GET", "{t}:a"))))
            assert heard == [b"old"]

    def test_nobody_listens(self) -> None:
        entry = durable_cache("redis://127.0.0.1:1/0")
        with override_settings(CACHES={"default": entry, "kv": entry}):
            assert quickest_refusal(lambda: call("PING")) < IN_TIME_SECONDS

    def test_a_store_that_takes_no_writes_is_away(self, embedded_store: Any) -> None:
        embedded_store.config_set("maxmemory", 1)
        try:
            with pytest.raises(StoreUnavailable):
                call("SET", "{t}:a", 1)
            with pytest.raises(StoreUnavailable):
                Script("kv", "take_lease").run(["{t}:l", "{t}:d", "{t}:w"], ["token", 1000, 1000, ""])
        finally:
            embedded_store.config_set("maxmemory", 0)


class TestReplicas:
    def test_a_write_no_replica_confirms_is_not_acknowledged(self, embedded_store: Any) -> None:
        with override_settings(KV_WAIT_REPLICAS=1, KV_TIMEOUT_MS=100), pytest.raises(NotReplicated):
            call_write("SET", "{t}:a", 1)
        assert call("GET", "{t}:a") == b"1"

    def test_none_are_waited_for_by_default(self, store: Any) -> None:
        assert call_write("SET", "{t}:a", 1) == b"OK"


def _through_redis_py() -> None:
    _translated(lambda: connection().get("{t}:a"))


def _goes_well(work: Callable[[], Any]) -> bool:
    try:
        _translated(work)
    except StoreUnavailable:
        return False
    return True


def _translated(work: Callable[[], Any]) -> None:
    with store_errors():
        work()
