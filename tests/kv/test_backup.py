"""Backups: every key type there and back, and whatever the store does meanwhile."""

from __future__ import annotations

import stat
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from kv import keys
from kv.backup import restore
from kv.backup import save as saving
from kv.errors import StoreUnavailable
from kv.store.connection import connection
from tests.faults.servers import own_server
from tests.kv.backups import contents, file, fill, put_back, quietly, save, store

if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["file", "store"]


class TestRoundTrip:
    def test_every_key_type(self, store: Any, file: Path) -> None:
        fill(store)
        before = contents(store)
        assert save(file) == len(before)
        store.flushall()
        assert put_back(file) == restore.Restored(written=len(before), expired=0, removed=0)
        assert contents(store) == before

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

    def test_others_keys_and_those_of_the_base_package_stay_out(self, store: Any, file: Path) -> None:
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
                saving.save_backup(file, follow=kill)
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

        assert saving.save_backup(file, follow=vanish) == 1

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
