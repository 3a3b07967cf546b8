"""Backup and restore: every key type, whatever happens to the file or the store."""

from __future__ import annotations

import json
import os
import stat
import struct
import threading
from contextlib import nullcontext
from hashlib import sha256
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from kv import backup, keys, restore
from kv.backup_file import MAGIC
from kv.connection import connection
from kv.errors import DamagedBackup, StoreUnavailable
from kv.management.base import Meter
from tests.faults.servers import own_server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(embedded_store: Any) -> Any:
    """One server with every key type there is."""
    return embedded_store


def quietly(total: int) -> Any:
    return nullcontext(Meter())


def save(path: Path) -> int:
    return backup.save_backup(path, follow=quietly)


def put_back(path: Path, *, replace: bool = False) -> restore.Restored:
    return restore.restore_backup(path, replace=replace, follow=quietly)


def fill(store: Any, prefix: str = "") -> None:
    """One key of every type and encoding."""
    name = f"{prefix}{{stats}}:"
    store.set(f"{name}string", b"\x00\xff bytes \r\n")
    store.set(f"{name}number", 2**53 + 1)
    store.set(f"{name}expiring", "soon", px=86_400_000)
    store.setbit(f"{name}bits", 70_000, 1)
    store.sadd(f"{name}intset", *range(0, 5000, 7))
    store.sadd(f"{name}listpack", "a", "b")
    store.sadd(f"{name}hashtable", *(f"member {number}" * 5 for number in range(600)))
    store.hset(f"{name}hash", mapping={"a": 1, "b": b"\xfe"})
    store.hset(f"{name}big_hash", mapping={f"field {number}": "x" * 100 for number in range(600)})
    store.hset(f"{name}field_ttl", mapping={"stays": 1, "goes": 2})
    store.hpexpire(f"{name}field_ttl", 86_400_000, "goes")
    store.rpush(f"{name}list", *range(300))
    store.zadd(f"{name}zset", {"a": 1.5, "b": float("inf"), "c": -0.1})
    store.zadd(f"{name}skiplist", {f"member {number}": number / 3 for number in range(600)})
    store.pfadd(f"{name}hll", *range(5000))
    for number in range(20):
        store.xadd(f"{name}stream", {"n": number}, id=f"{number + 1}-1")
    store.xgroup_create(f"{name}stream", "readers", "5-1")
    store.xreadgroup("readers", "one", {f"{name}stream": ">"}, count=3)
    store.set(f"{prefix}{{usage}}:payment-qr", 3)


def contents(store: Any) -> dict[bytes, Any]:
    """Everything of the store that a reader could tell apart."""
    read = {
        b"string": store.get,
        b"hash": lambda key: (store.hgetall(key), store.hpexpiretime(key, *sorted(store.hkeys(key)))),
        b"list": lambda key: store.lrange(key, 0, -1),
        b"set": lambda key: set(store.smembers(key)),
        b"zset": lambda key: store.zrange(key, 0, -1, withscores=True),
        b"stream": lambda key: (
            store.xrange(key), store.xpending(key, "readers"), store.xinfo_stream(key),
            store.xinfo_consumers(key, "readers")[0]["pending"],
        ),
    }  # fmt: skip
    return {
        key: (read[store.type(key)](key), store.object("ENCODING", key), store.pexpiretime(key))
        for key in store.scan_iter(count=1000)
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "counts.backup"


class TestRoundTrip:
    def test_every_key_type_byte_for_byte(self, store: Any, file: Path) -> None:
        fill(store)
        before, bytes_before = contents(store), {key: store.dump(key) for key in store.scan_iter()}
        assert save(file) == len(before)
        store.flushall()
        assert put_back(file) == restore.Restored(written=len(before), expired=0, removed=0)
        assert contents(store) == before
        assert {key: store.dump(key) for key in store.scan_iter()} == bytes_before

    def test_into_another_server(self, store: Any, file: Path) -> None:
        fill(store)
        before = contents(store)
        save(file)
        with own_server(timeout_ms=5000):
            put_back(file)
            assert contents(connection()) == before

    def test_the_files_prefix_need_not_be_todays(self, store: Any, file: Path) -> None:
        with override_settings(KV_PREFIX="old*[site]:"):
            fill(store, "old*[site]:")
            store.set("old*[site]:{elsewhere}:x", 1)
            store.set("oldX[site]:{stats}:x", 1)
            count = save(file)
        store.flushall()
        with override_settings(KV_PREFIX="new:"):
            put_back(file)
        names = [key.decode() for key in store.scan_iter()]
        assert len(names) == count
        assert all(name.startswith(("new:{stats}:", "new:{usage}:")) for name in names)

    def test_others_keys_and_the_floors_own_stay_out(self, store: Any, file: Path) -> None:
        store.mset({"foreign": 1, "stats": 1, keys.lease("x"): 1, "{stats}:visitors": 5})
        assert save(file) == 1

    def test_many_keys_in_many_batches(self, store: Any, file: Path) -> None:
        with store.pipeline(transaction=False) as pipeline:
            for number in range(3000):
                pipeline.set(f"{{stats}}:{number}", number)
            pipeline.execute()
        assert save(file) == 3000
        store.flushall()
        assert put_back(file).written == 3000
        assert store.dbsize() == 3000

    def test_an_empty_store(self, store: Any, file: Path) -> None:
        assert save(file) == 0
        assert put_back(file) == restore.Restored(0, 0, 0)

    @profile(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(values=st.dictionaries(st.binary(min_size=0, max_size=40), st.binary(max_size=300), max_size=8))
    def test_any_names_and_values(self, store: Any, file: Path, values: dict[bytes, bytes]) -> None:
        store.flushall()
        names = {b"{stats}:" + name: value for name, value in values.items()}
        for name, value in names.items():
            store.set(name, value)
        save(file)
        store.flushall()
        put_back(file)
        assert {key: store.get(key) for key in store.scan_iter()} == names


class TestSaveBackup:
    def test_the_file_is_its_owners_alone_and_nothing_else_is_left(self, store: Any, file: Path) -> None:
        fill(store)
        save(file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert list(file.parent.iterdir()) == [file]

    def test_a_store_that_dies_leaves_the_old_file(self, file: Path) -> None:
        file.write_text("the old one")
        with own_server() as breakable:
            fill(connection())

            def kill(total: int) -> Any:
                breakable.kill()
                return quietly(total)

            with pytest.raises(StoreUnavailable):
                backup.save_backup(file, follow=kill)
        assert file.read_text() == "the old one"
        assert list(file.parent.iterdir()) == [file]

    def test_keys_that_vanish_or_expire_meanwhile_are_left_out(self, store: Any, file: Path) -> None:
        store.mset({"{stats}:a": 1, "{stats}:b": 2, "{stats}:c": 3})

        def vanish(total: int) -> Any:
            assert total == 3
            store.delete("{stats}:a")
            store.pexpire("{stats}:b", 1)
            while store.exists("{stats}:b"):
                continue
            return quietly(total)

        assert backup.save_backup(file, follow=vanish) == 1

    def test_keys_of_one_tag_fit_together_while_they_are_written(self, store: Any, file: Path) -> None:
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                store.mset({"{usage}:a": number, "{usage}:b": number})

        writer = threading.Thread(target=write)
        store.mset({"{usage}:a": 0, "{usage}:b": 0})
        writer.start()
        try:
            for number in range(20):
                save(file.with_suffix(f".{number}"))
        finally:
            stop.set()
            writer.join()
        for number in range(20):
            put_back(file.with_suffix(f".{number}"), replace=True)
            assert store.get("{usage}:a") == store.get("{usage}:b")


class TestRestoreBackup:
    def test_refuses_a_store_that_holds_keys(self, store: Any, file: Path) -> None:
        store.set("{stats}:visitors", 5)
        save(file)
        store.set("{stats}:visitors", 9)
        with pytest.raises(restore.StoreNotEmpty):
            put_back(file)
        assert store.get("{stats}:visitors") == b"9"

    def test_replacing_leaves_the_backups_keys_alone(self, store: Any, file: Path) -> None:
        store.mset({"{stats}:visitors": 5, "foreign": 1})
        save(file)
        store.mset({"{stats}:visitors": 9, "{stats}:later": 1})
        assert put_back(file, replace=True) == restore.Restored(written=1, expired=0, removed=1)
        assert store.mget("{stats}:visitors", "{stats}:later", "foreign") == [b"5", None, b"1"]

    def test_what_has_expired_since_stays_away(self, store: Any, file: Path) -> None:
        store.set("{stats}:a", 1)
        store.set("{stats}:b", 1, px=40)
        save(file)
        while store.exists("{stats}:b"):
            continue
        store.flushall()
        assert put_back(file) == restore.Restored(written=1, expired=1, removed=0)

    def test_values_of_a_newer_server_are_refused_before_anything_is_written(self, store: Any, file: Path) -> None:
        store.mset({"{stats}:a": 1, "{stats}:b": 2})
        save(file)
        data = file.read_bytes()[:-32]
        dump = store.dump("{stats}:a")
        newer = dump[:-10] + b"\xff\xff" + dump[-8:]
        data = data.replace(dump, newer)
        file.write_bytes(data + sha256(data).digest())
        store.flushall()
        with pytest.raises(DamagedBackup, match="older"):
            put_back(file)
        assert store.dbsize() == 0


class TestDamage:
    @pytest.fixture
    def whole(self, store: Any, file: Path) -> bytes:
        fill(store)
        save(file)
        store.flushall()
        store.set("{stats}:untouched", 1)
        return file.read_bytes()

    def refused(self, store: Any, file: Path, data: bytes) -> str:
        file.write_bytes(data)
        with pytest.raises(DamagedBackup) as error:
            put_back(file, replace=True)
        assert list(store.scan_iter()) == [b"{stats}:untouched"]
        return str(error.value)

    def test_cut_short_anywhere(self, store: Any, file: Path, whole: bytes) -> None:
        for length in [0, 5, len(MAGIC), len(MAGIC) + 2, len(MAGIC) + 9, *range(300, len(whole), 4999), len(whole) - 1]:
            self.refused(store, file, whole[:length])

    def test_one_bit_altered_anywhere(self, store: Any, file: Path, whole: bytes) -> None:
        for place in [*range(0, 200, 7), *range(200, len(whole), 2503), len(whole) - 1]:
            self.refused(store, file, whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])

    def test_something_behind_its_end(self, store: Any, file: Path, whole: bytes) -> None:
        assert "follows its end" in self.refused(store, file, whole + b"\n")

    def test_a_length_that_would_fill_the_memory(self, store: Any, file: Path, whole: bytes) -> None:
        (header,) = struct.unpack_from(">I", whole, len(MAGIC))
        place = len(MAGIC) + 4 + header + 1
        huge = whole[:place] + b"\xff\xff\xff\xff" + whole[place + 4 :]
        assert "cut short" in self.refused(store, file, huge)

    def test_no_backup_at_all(self, store: Any, file: Path, whole: bytes) -> None:
        assert "no backup of this project" in self.refused(store, file, b"REDIS0011" + whole)

    def test_a_version_to_come(self, store: Any, file: Path, whole: bytes) -> None:
        header = json.dumps({"version": 9, "created": "", "prefix": "", "server": "", "families": []}).encode()
        data = MAGIC + struct.pack(">I", len(header)) + header + b"E" + struct.pack(">Q", 0)
        assert "format 9" in self.refused(store, file, data + sha256(data).digest())


class TestCommands:
    def run(self, name: str, *words: str) -> tuple[str, str]:
        out, err = StringIO(), StringIO()
        call_command(name, *words, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    def test_there_and_back(self, store: Any, file: Path) -> None:
        fill(store)
        count = store.dbsize()
        out, err = self.run("kv_backup", os.fspath(file))
        assert f"{count} keys, {file.stat().st_size} bytes" in out
        assert f"Backing up: {count} of {count} keys, done" in err
        store.flushall()
        out, err = self.run("kv_restore", os.fspath(file))
        assert f"{count} keys restored" in out
        assert f"Restoring: {count} of {count} keys, done" in err
        assert store.dbsize() == count

    def test_a_file_that_exists_is_asked_about(self, store: Any, file: Path) -> None:
        file.touch()
        with pytest.raises(CommandError, match="say --yes"):
            self.run("kv_backup", os.fspath(file))
        self.run("kv_backup", os.fspath(file), "--yes")

    def test_a_store_with_keys_needs_replace_and_yes(self, store: Any, file: Path) -> None:
        fill(store)
        self.run("kv_backup", os.fspath(file))
        with pytest.raises(CommandError, match="say --replace"):
            self.run("kv_restore", os.fspath(file), "--yes")
        with pytest.raises(CommandError, match="say --yes"):
            self.run("kv_restore", os.fspath(file), "--replace")
        self.run("kv_restore", os.fspath(file), "--replace", "--yes")

    def test_dry_run_changes_nothing(self, store: Any, file: Path) -> None:
        fill(store)
        self.run("kv_backup", os.fspath(file))
        store.flushall()
        out, _ = self.run("kv_restore", os.fspath(file), "--dry-run")
        assert "the file is whole" in out
        assert store.dbsize() == 0

    def test_damage_is_one_line(self, store: Any, file: Path) -> None:
        file.write_text("nonsense")
        with pytest.raises(CommandError, match="nothing was restored"):
            self.run("kv_restore", os.fspath(file))

    def test_a_place_where_no_file_can_be(self, store: Any, file: Path) -> None:
        with pytest.raises(CommandError, match="can't be written: No such file"):
            self.run("kv_backup", os.fspath(file / "there"))
        with pytest.raises(CommandError, match="can't be read: No such file"):
            self.run("kv_restore", os.fspath(file))
