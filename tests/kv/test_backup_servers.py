"""A backup goes from any server to any other: by value, whatever wrote it and whatever is written meanwhile."""

from __future__ import annotations

import json
import math
import os
import random
import struct
import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from kv.backup import reader, restore
from kv.backup.file import MAGIC
from kv.errors import ForeignValues
from kv.store.connection import call, connection
from tests.cluster.client import WholeCluster
from tests.cluster.nodes import cluster
from tests.faults.servers import own_server
from tests.kv.backups import fill, put_back, save
from tests.kv.servers import needs_redis7, plain, redis_7, standing_on

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "counts.backup"


@pytest.fixture
def store(embedded_store: Any) -> Any:
    """A Valkey with every type and encoding, and a few things that are seldom seen."""
    fill(embedded_store)
    add_odd_keys(embedded_store)
    return embedded_store


def add_odd_keys(client: Any) -> None:
    """Scores that no decimal names, long elements, streams that are empty or lack entries."""
    chance = random.Random(7)
    name = "user:{7}:"
    doubles = [struct.unpack("<d", chance.randbytes(8))[0] for _ in range(500)]
    scores = {f"m{number}": value for number, value in enumerate(doubles) if not math.isnan(value)}
    client.zadd(f"{name}scores", {**scores, "tiny": 5e-324, "third": 1 / 3, "no": float("-inf"), "zero": -0.0})
    client.zadd(f"{name}few", {b"\x00\xff": 0.1, "": 1e300})
    client.rpush(f"{name}long", b"x" * 200_000, b"", b"\r\n", b"$-1\r\n")
    client.hset(f"{name}odd", mapping={b"": b"", b"\x00": b"\xff", "n": 1})
    client.pexpireat(f"{name}odd", 4_000_000_000_123)
    client.setrange(f"{name}hole", 100_000, "end")
    client.xadd(f"{name}gone", {"a": 1}, id="9-9")
    client.xdel(f"{name}gone", "9-9")
    client.xgroup_create(f"{name}never", "readers", mkstream=True)
    client.xgroup_createconsumer(f"{name}never", "readers", "idle")
    for number in range(1, 30):
        client.xadd(f"{name}lacks", {"n": number, "m": "x"}, id=f"{number}-0")
    client.xdel(f"{name}lacks", "29-0", "3-0")
    client.xgroup_create(f"{name}lacks", "one", "0")
    client.xreadgroup("one", "first", {f"{name}lacks": ">"}, count=4)
    client.xreadgroup("one", "second", {f"{name}lacks": ">"}, count=4)
    client.xack(f"{name}lacks", "one", "5-0")


class TestBetweenServers:
    @needs_redis7
    def test_valkey_to_redis_7_and_back(self, store: Any, file: Path, tmp_path: Path) -> None:
        before = plain(store)
        save(file)
        with redis_7() as url, standing_on(url) as older:
            done = put_back(file)
            assert (done.written, done.dropped) == (len(before), 1)  # one field's own expiry, which Redis 7.0 knows not
            assert plain(older) == before
            save(tmp_path / "older")
        store.flushall()
        assert put_back(tmp_path / "older").written == len(before)
        assert plain(store) == before

    def test_valkey_to_a_cluster_and_back(self, store: Any, file: Path, tmp_path: Path) -> None:
        before = plain(store)
        save(file)
        with cluster() as nodes, standing_on(nodes.url) as client:
            assert put_back(file).written == len(before)
            assert plain(WholeCluster(client)) == before
            assert save(tmp_path / "whole") == len(before)
        store.flushall()
        put_back(tmp_path / "whole")
        assert plain(store) == before

    def test_fields_keep_their_own_expiry_where_the_server_knows_one(self, store: Any, file: Path) -> None:
        at = store.hpexpiretime("{stats}:field_ttl", "stays", "goes")
        assert at[0] == -1 < at[1]
        save(file)
        store.flushall()
        assert put_back(file).dropped == 0
        assert store.hpexpiretime("{stats}:field_ttl", "stays", "goes") == at


class TestLargeCollections:
    """Read in parts, and still as they were at one moment."""

    @pytest.fixture(autouse=True)
    def _in_small_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reader, "_PART", 100)
        monkeypatch.setattr(reader, "_BUDGET", 300)

    def test_of_every_type(self, store: Any, file: Path) -> None:
        before = plain(store)
        save(file)
        store.flushall()
        put_back(file)
        assert plain(store) == before

    def test_that_are_written_without_a_pause(self, embedded_store: Any, file: Path) -> None:
        """Two keys of one user, always written together, are in step in each backup."""
        client, stop = embedded_store, threading.Event()
        names = [f"n{number}" for number in range(2000)]
        client.hset("user:{1}:a", mapping=dict.fromkeys(names, 0))
        client.zadd("user:{1}:b", dict.fromkeys(names, 0))
        client.set("user:{2}:quiet", 1)

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                with client.pipeline() as pipeline:
                    pipeline.hset("user:{1}:a", names[number % 2000], number)
                    pipeline.zadd("user:{1}:b", {names[number % 2000]: number})
                    pipeline.execute()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            save(file)
        finally:
            stop.set()
            writer.join()
        put_back(file, replace=True)
        pairs = {name: float(value) for name, value in client.hgetall("user:{1}:a").items()}
        assert pairs == dict(client.zrange("user:{1}:b", 0, -1, withscores=True))
        assert client.get("user:{2}:quiet") == b"1"


class TestFullStore:
    """One that refuses every write is saved all the same."""

    @pytest.mark.skipif(os.environ.get("TEST_STORE") == "cluster", reason="a full server runs no script under #!lua")
    def test_memory_full(self, store: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reader, "_BUDGET", 300)
        before = plain(store)
        store.config_set("maxmemory", 1)
        try:
            assert save(file) == len(before)
        finally:
            store.config_set("maxmemory", 0)
        store.flushall()
        put_back(file)
        assert plain(store) == before

    @needs_redis7
    @pytest.mark.skipif(os.environ.get("TEST_STORE") == "cluster", reason="a full server runs no script under #!lua")
    def test_memory_full_on_redis_7(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reader, "_BUDGET", 300)
        with redis_7() as url, standing_on(url) as older:
            add_odd_keys(older)
            before = plain(older)
            older.config_set("maxmemory", 1)
            assert save(file) == len(before)


class TestManyKeys:
    def test_names_beyond_memory_wait_aside(self, embedded_store: Any, file: Path, monkeypatch: Any) -> None:
        monkeypatch.setattr("kv.backup.names._BUFFERED", 97)
        names = [f"user:{{{number % 50}}}:{number}" for number in range(2000)]
        with embedded_store.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.set(name, name)
            pipeline.execute()
        assert save(file) == 2000
        embedded_store.set("user:{later}:x", 1)
        embedded_store.delete(names[0])
        assert put_back(file, replace=True) == restore.Restored(2000, 0, removed=1)
        assert {key.decode() for key in embedded_store.scan_iter(count=1000)} == set(names)


def version_1(records: dict[bytes, tuple[int, bytes]], server: str = "valkey 9.1.2") -> bytes:
    """A file as the first version wrote it."""
    header = {"version": 1, "created": "2026-01-01T00:00:00+00:00", "prefix": "", "server": server, "families": ["x"]}
    text = json.dumps(header).encode()
    data = MAGIC + struct.pack(">I", len(text)) + text
    for key, (expires, value) in records.items():
        data += b"K" + struct.pack(">I", len(key)) + key + struct.pack(">qQ", expires, len(value)) + value
    data += b"E" + struct.pack(">Q", len(records))
    return data + sha256(data).digest()


class TestVersion1:
    @pytest.fixture
    def old(self, store: Any, file: Path) -> dict[bytes, Any]:
        before = plain(store)
        dumps = {key: (int(store.pexpiretime(key)), bytes(store.dump(key))) for key in before}
        file.write_bytes(version_1(dumps))
        store.flushall()
        return before

    def test_is_still_read(self, store: Any, file: Path, old: dict[bytes, Any]) -> None:
        assert restore.verify_backup(file)[1] == len(old)
        assert put_back(file).written == len(old)
        assert plain(store) == old

    @needs_redis7
    def test_is_not_called_damaged_by_a_server_that_is_older(self, file: Path, old: dict[bytes, Any]) -> None:
        with redis_7() as url, standing_on(url) as older:
            with pytest.raises(ForeignValues, match=r"as new as valkey 9\.1\.2"):
                put_back(file)
            assert older.dbsize() == 0


def test_a_store_of_its_own_takes_what_another_wrote(store: Any, file: Path) -> None:
    before = plain(store)
    save(file)
    with own_server(timeout_ms=5000):
        put_back(file)
        assert plain(connection()) == before
        assert call("DBSIZE") == len(before)
