"""The same calls on a real cluster and behind a real sentinel."""

from __future__ import annotations

import signal
import time
from contextlib import nullcontext
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.test import override_settings

from kv.backup import restore
from kv.backup import save as saving
from kv.backup.progress import Meter
from kv.errors import NotReplicated, StoreUnavailable
from kv.store.caches import clearable_cache, durable_cache
from kv.store.connection import call, call_many, call_write, connection
from kv.store.health import check_store
from kv.store.scripts import Script
from kv.web.rate_limits import RateLimit, RateLimited
from kv.web.throttling import check_identity
from kv.work.duties import Duty, run_duty
from tests.faults.servers import IN_TIME_SECONDS, own_server, wait_until
from tests.faults.topologies import Member, cluster, sentinel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def quietly(total: int) -> Any:
    return nullcontext(Meter())


@pytest.fixture(scope="module")
def members() -> Iterator[list[Member]]:
    with cluster() as members:
        yield members


@pytest.fixture
def emptied(members: list[Member]) -> list[Member]:
    for member in members:
        member.client.flushall()
        member.client.script_flush()
    return members


class TestCluster:
    def test_calls_find_their_node(self, emptied: list[Member]) -> None:
        for number in range(60):
            assert call("INCRBY", f"user:{{{number}}}:n", number + 1) == number + 1
        assert [member.client.dbsize() > 0 for member in emptied] == [True, True, True]
        assert call_many([("GET", f"user:{{{number}}}:n") for number in range(60)]) == [
            str(number + 1).encode() for number in range(60)
        ]

    def test_any_of_the_addresses_will_do(self, emptied: list[Member], settings: Any) -> None:
        """A process that starts while the first of them is gone finds the cluster by the others."""
        hosts = f"127.0.0.1:1,127.0.0.1:{emptied[1].port}"
        settings.CACHES = {**settings.CACHES, "kv": durable_cache(f"redis+cluster://{hosts}")}
        assert call("INCR", "{t}:a") == 1

    def test_scripts_and_duties(self, emptied: list[Member]) -> None:
        runs: list[int] = []
        run_duty(Duty("test", every=1, lease=5, run=lambda: runs.append(1)))
        for member in emptied:
            member.client.script_flush()
        run_duty(Duty("test", every=1, lease=5, run=lambda: runs.append(1)))
        assert len(runs) == 2
        script = Script("kv", "renew_lease")
        script.load()
        assert call_many([script.command([f"{{{name}}}"], ["token", 5]) for name in "abcdef"]) == [b"lost"] * 6

    def test_rate_limits(self, emptied: list[Member]) -> None:
        limit = RateLimit("testing", "5/minute")
        for caller in "abcdef":
            for _ in range(5):
                check_identity(limit, caller)
            with pytest.raises(RateLimited):
                check_identity(limit, caller)

    def test_health_and_kv_check(self, emptied: list[Member]) -> None:
        assert check_store().ok
        for member in emptied:
            member.client.config_set("appendonly", "yes")
        out = StringIO()
        call_command("kv_check", stdout=out)
        assert out.getvalue().count("scripts load") == 3

    def test_backup_from_one_server_onto_it_and_back(self, emptied: list[Member], tmp_path: Path) -> None:
        one, two = tmp_path / "one", tmp_path / "two"
        with own_server(timeout_ms=5000):
            client = connection()
            for number in range(700):
                client.hset(f"{{stats}}:days:{number}", mapping={"a": number})
                client.set(f"{{usage}}:{number}", number)
            assert saving.save_backup(one, follow=quietly) == 1400
        assert restore.restore_backup(one, follow=quietly).written == 1400
        assert sum(member.client.dbsize() for member in emptied) == 1400
        assert call("GET", "{usage}:7") == b"7"
        assert saving.save_backup(two, follow=quietly) == 1400
        with own_server(timeout_ms=5000):
            assert restore.restore_backup(two, follow=quietly).written == 1400

    def test_a_write_no_replica_confirms_is_not_acknowledged(self, emptied: list[Member]) -> None:
        with override_settings(KV_WAIT_REPLICAS=1, KV_TIMEOUT_MS=100), pytest.raises(NotReplicated):
            call_write("SET", "{t}:a", 1)

    def test_its_clearable_cache_is_elsewhere(self, emptied: list[Member], settings: Any) -> None:
        settings.CACHES = {"kv": settings.CACHES["kv"], "default": clearable_cache("redis+cluster://a:1")}
        call("SET", "{t}:a", 1)
        caches["default"].set("a", "b")
        caches["default"].clear()
        assert call("GET", "{t}:a") == b"1"


class TestClusterAway:
    def test_a_frozen_node_is_given_up_in_time_and_found_again(self) -> None:
        with cluster(timeout_ms=250) as members:
            names = [f"user:{{{number}}}:n" for number in range(30)]
            wait_until(lambda: _sets(names), 30)
            members[0].process.send_signal(signal.SIGSTOP)
            refused, took = 0, []
            for name in names:
                started = time.perf_counter()
                try:
                    call("INCR", name)
                except StoreUnavailable:
                    refused += 1
                took.append(time.perf_counter() - started)
            assert sorted(took)[len(took) // 2] < IN_TIME_SECONDS
            assert 0 < refused <= 30
            members[0].process.send_signal(signal.SIGCONT)
            wait_until(lambda: all(_answers(name) for name in names), 30)
            assert all(int(call("GET", name)) <= 1 for name in names)


class TestSentinel:
    def test_follows_the_primary_after_a_failover(self) -> None:
        with sentinel() as (primary, replica):
            with override_settings(KV_WAIT_REPLICAS=1):
                assert call_write("SET", "{t}:a", 1) == b"OK"
            assert call("INCR", "{t}:a") == 2
            assert call("SET", "{stats}:visitors", 5) == b"OK"
            assert restore.count_keys() == 1
            assert replica.client.get("{t}:a") in (b"1", b"2")
            primary.process.kill()
            primary.process.wait()
            wait_until(lambda: _answers("{t}:a"), 30)
            wait_until(lambda: _writes("{t}:b"), 30)
            assert call("GET", "{t}:a") == b"2"


def _answers(key: str) -> bool:
    try:
        call("GET", key)
    except StoreUnavailable:
        return False
    return True


def _sets(keys: list[str]) -> bool:
    try:
        call_many([("SET", key, 0) for key in keys])
    except StoreUnavailable:
        return False
    return True


def _writes(key: str) -> bool:
    try:
        call_write("SET", key, 1)
    except StoreUnavailable:
        return False
    return True
