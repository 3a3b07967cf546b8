"""Health for /readyz, and what kv_check says of the store's set-up."""

from __future__ import annotations

import re
import time
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
import redis
from django.core.management import CommandError, call_command

from kv.store import health
from kv.store.caches import durable_cache
from kv.store.connection import call
from kv.store.health import check_store
from kv.store.nodes import Node
from tests.engines import Server, servers, wait_until
from tests.faults.servers import IN_TIME_SECONDS, own_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store(embedded_store: Any) -> Any:
    """One server whose set-up is ours."""
    return embedded_store


@pytest.fixture(scope="module")
def followed() -> Iterator[Server]:
    """A primary with two replicas in step."""
    with servers(3, lambda _: ("--repl-diskless-sync-delay", "0")) as (primary, *replicas):
        for node in (primary, *replicas):
            node.start()
        for node in replicas:
            node.ask("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: primary.info("replication")["connected_slaves"] == len(replicas))
        yield primary


class TestCheckStore:
    def test_a_store_that_answers(self, store: Any) -> None:
        found = check_store()
        assert found.ok
        assert found.reason == ""
        assert 0 < found.milliseconds < 5000

    def test_a_store_that_does_not(self) -> None:
        with own_server() as breakable:
            call("PING")
            with breakable.frozen():
                tries = [check_store() for _ in range(3)]
            assert not any(found.ok for found in tries)
            assert min(found.milliseconds for found in tries) < IN_TIME_SECONDS * 1000
            assert all(found.reason for found in tries)
            wait_until(lambda: check_store().ok)


@pytest.mark.django_db  # the check of the workers asks the apps whether work waits: some ask the database
class TestKvCheck:
    @pytest.fixture
    def changed(self, store: Any) -> Iterator[Any]:
        before = {**store.config_get("append*"), **store.config_get("maxmemory-policy")}
        yield store
        for name in ("appendonly", "appendfsync", "maxmemory-policy"):
            store.config_set(name, before[name])

    def check(self) -> str:
        out = StringIO()
        call_command("kv_check", stdout=out)
        return self.nameless(out)

    def fails(self) -> str:
        out = StringIO()
        with pytest.raises(CommandError) as error:
            call_command("kv_check", stdout=out)
        assert error.value.returncode == 1
        return self.nameless(out)

    def nameless(self, out: StringIO) -> str:
        """What was said, once each: a cluster names the node in every line."""
        lines = (re.sub(r"127\.0\.0\.1:\d+: ", "", line) for line in out.getvalue().splitlines())
        return "\n".join(dict.fromkeys(lines))

    def test_the_embedded_server_is_fine(self, store: Any) -> None:
        out = self.check()
        assert "valkey 9." in out
        assert "append-only file on" in out
        assert "nothing is evicted" in out
        assert "scripts load" in out
        assert "clocks agree" in out
        assert "warning" not in out

    def test_no_append_only_file(self, changed: Any) -> None:
        changed.config_set("appendonly", "no")
        assert "error   the append-only file is off" in self.fails()

    def test_eviction(self, changed: Any) -> None:
        changed.config_set("maxmemory-policy", "allkeys-lru")
        assert "error   maxmemory-policy allkeys-lru" in self.fails()

    def test_no_fsync(self, changed: Any) -> None:
        changed.config_set("appendfsync", "no")
        assert "warning appendfsync no" in self.check()

    def test_a_clock_that_is_off(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 60)
        assert "s behind ours" in self.fails()

    @pytest.mark.parametrize(
        ("wanted", "line"),
        [
            (0, "ok      replicas: 2, none waited for: a failover may lose the last writes"),
            (1, "warning KV_WAIT_REPLICAS is 1 of 2 replicas: a failover may choose one that lacks the last writes"),
            (2, "ok      each write waits for all replicas that are connected now (2)"),
            (3, "error   KV_WAIT_REPLICAS is 3, replicas there: 2; every write is refused"),
        ],
    )
    def test_how_many_replicas_are_waited_for(self, followed: Server, settings: Any, wanted: int, line: str) -> None:
        settings.CACHES = {**settings.CACHES, "kv": durable_cache(f"redis://127.0.0.1:{followed.port}/0")}
        settings.KV_WAIT_REPLICAS = wanted
        assert line in (self.fails() if line.startswith("error") else self.check())

    def test_replicas_that_nobody_can_see(self, store: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.KV_WAIT_REPLICAS = 2
        monkeypatch.setattr(health, "node_info", lambda node, section: {})
        assert "see to it yourself that there are 2 replicas" in self.check()

    def test_a_script_that_does_not_load(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kv.store.scripts.read_lua", lambda package, name: "this is no Lua")
        assert "kv/lua/take_lease.lua: " in self.fails()

    def test_where_config_and_info_are_forbidden(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        ask = Node.ask

        def managed(self: Node, *command: Any) -> Any:
            if command[0] in ("CONFIG", "INFO"):
                raise redis.exceptions.NoPermissionError("NOPERM")
            return ask(self, *command)

        monkeypatch.setattr(Node, "ask", managed)
        out = self.check()
        assert out.count("warning") == 3
        assert "CONFIG is forbidden here" in out

    @pytest.mark.parametrize(("version", "level"), [("6.2.14", "error"), ("7.0.0", "ok"), ("8.2.1", "ok")])
    def test_redis_versions(self, store: Any, monkeypatch: pytest.MonkeyPatch, version: str, level: str) -> None:
        monkeypatch.setattr(health, "node_info", lambda node, section: {"redis_version": version})
        assert f"{level:7} redis {version}" in (self.fails() if level == "error" else self.check())

    def test_a_store_that_is_away_is_one_line(self, settings: Any) -> None:
        settings.CACHES = {**settings.CACHES, "kv": durable_cache("redis://127.0.0.1:1/0")}
        with pytest.raises(CommandError, match="The store of counts can't be used"):
            self.check()
