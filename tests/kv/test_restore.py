"""Restoring: what is there already, what has expired, and every way in which a file can be damaged."""

from __future__ import annotations

import json
import os
import struct
from hashlib import sha256
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from kv.backup import restore
from kv.backup.file import MAGIC
from kv.errors import BackupTooNew, DamagedBackup, NotABackup, UnusableBackup
from tests.kv.backups import file, fill, put_back, save, store

if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["file", "store"]


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

    def test_what_has_expired_since_stays_away(self, store: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store.set("{stats}:a", 1)
        store.set("{stats}:b", 1, ex=3600)
        save(file)
        expires = store.pexpiretime("{stats}:b")
        store.flushall()
        monkeypatch.setattr(restore, "_now", lambda _: expires)
        assert put_back(file) == restore.Restored(written=1, expired=1, removed=0)


class TestDamage:
    @pytest.fixture
    def whole(self, store: Any, file: Path) -> bytes:
        fill(store)
        save(file)
        store.flushall()
        store.set("{stats}:untouched", 1)
        return file.read_bytes()

    def refused(self, store: Any, file: Path, data: bytes, kind: type[UnusableBackup] = DamagedBackup) -> str:
        file.write_bytes(data)
        with pytest.raises(kind) as error:
            put_back(file, replace=True)
        assert list(store.scan_iter()) == [b"{stats}:untouched"]
        return str(error.value)

    def test_cut_short_anywhere(self, store: Any, file: Path, whole: bytes) -> None:
        for length in [0, 5, len(MAGIC), len(MAGIC) + 2, len(MAGIC) + 9, *range(300, len(whole), 4999), len(whole) - 1]:
            self.refused(store, file, whole[:length])

    def test_one_bit_altered_anywhere(self, store: Any, file: Path, whole: bytes) -> None:
        for place in [*range(0, 200, 7), *range(200, len(whole), 2503), len(whole) - 1]:
            # In its first bytes, or in the digit of its version, it looks like something else than what it is.
            self.refused(store, file, whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :], UnusableBackup)

    def test_something_behind_its_end(self, store: Any, file: Path, whole: bytes) -> None:
        assert "follows its end" in self.refused(store, file, whole + b"\n")

    def test_a_length_that_would_fill_the_memory(self, store: Any, file: Path, whole: bytes) -> None:
        (header,) = struct.unpack_from(">I", whole, len(MAGIC))
        place = len(MAGIC) + 4 + header + 1
        huge = whole[:place] + b"\xff\xff\xff\xff" + whole[place + 4 :]
        assert "cut short" in self.refused(store, file, huge)

    def test_no_backup_at_all(self, store: Any, file: Path, whole: bytes) -> None:
        assert "no backup of this project" in self.refused(store, file, b"REDIS0011" + whole, NotABackup)

    def test_a_version_to_come(self, store: Any, file: Path, whole: bytes) -> None:
        header = json.dumps({"version": 9, "created": "", "prefix": "", "server": "", "families": []}).encode()
        data = MAGIC + struct.pack(">I", len(header)) + header + b"E" + struct.pack(">Q", 0)
        assert "format 9" in self.refused(store, file, data + sha256(data).digest(), BackupTooNew)


class TestCommands:
    def run(self, name: str, *args: str) -> tuple[str, str]:
        out, err = StringIO(), StringIO()
        call_command(name, *args, stdout=out, stderr=err)
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
