"""The format of a backup file.

MAGIC, then length (uint32) and JSON of the header, then the records, then the end. Integers are big-endian.
Record: `V`, length of the key (uint32), expiry (int64, ms since 1970; -1 = none), kind of piece (one byte), length of
the piece (uint64), key without KV_PREFIX, piece. What follows of the same key: `+`, kind, length (uint64), piece.
A piece is a RESP array of bulk strings; its kinds are listed in kv.backup.records.
End: `E`, number of keys (uint64), SHA-256 of everything before it.

Version 1 had records `K`: length of the key (uint32), key, expiry (int64), length (uint64), value as DUMP gives it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import hiredis

from kv.backup import records
from kv.backup.records import Piece
from kv.errors import BackupTooNew, DamagedBackup, NotABackup
from kv.store.client import pack_command

MAGIC = b"countinghouse backup\n"
VERSION = 2
_LENGTH = struct.Struct(">I")
_FIRST = struct.Struct(">IqcQ")
_NEXT = struct.Struct(">cQ")
_VALUE = struct.Struct(">qQ")
_COUNT = struct.Struct(">Q")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Header:
    """created: ISO 8601; prefix: KV_PREFIX then; server: such as "valkey 9.1.2"; families: how the keys begin."""

    version: int
    created: str
    prefix: str
    server: str
    families: tuple[str, ...]


def packed(piece: Piece) -> bytes:
    """A piece as it is written in a file."""
    data = pack_command(tuple(piece.values)) if piece.values else b"*0\r\n"
    if piece.first:
        return b"V" + _FIRST.pack(len(piece.key), piece.expires, piece.kind, len(data)) + piece.key + data
    return b"+" + _NEXT.pack(piece.kind, len(data)) + data


def pieces(take: Callable[[int], bytes]) -> Iterator[Piece]:
    """The pieces that `take(bytes)` gives, up to one that begins with neither V nor +. Raises DamagedBackup."""
    key, expires = b"", -1
    while (mark := take(1)) in (b"V", b"+"):
        if mark == b"V":
            length, expires, kind, size = _FIRST.unpack(take(_FIRST.size))
            data = take(length + size)
            key, data = data[:length], data[length:]
        else:
            kind, size = _NEXT.unpack(take(_NEXT.size))
            data = take(size)
        yield Piece(key, expires, kind, _unpacked(kind, data), mark == b"V")


def keys_of(found: Iterable[Piece]) -> Iterator[Iterator[Piece]]:
    """The pieces key by key; read each to its end before the next."""
    rest = iter(found)
    head = next(rest, None)
    while head is not None:
        upcoming: list[Piece | None] = [None]

        def same(begin: Piece = head, upcoming: list[Piece | None] = upcoming) -> Iterator[Piece]:
            yield begin
            for piece in rest:
                if piece.first:
                    upcoming[0] = piece
                    return
                yield piece

        key = same()
        yield key
        for _ in key:  # whatever the caller has left
            pass
        head = upcoming[0]


class Writer:
    """Writes pieces one after another; made by `write_backup`."""

    def __init__(self, stream: IO[bytes], header: Header) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.count = 0
        text = json.dumps(asdict(header)).encode()
        self._put(MAGIC + _LENGTH.pack(len(text)) + text)

    def add(self, piece: Piece) -> None:
        """Append one piece."""
        self._put(packed(piece))
        self.count += piece.first

    def finish(self) -> None:
        """Write the end, and have the disk confirm all of it."""
        self._put(b"E" + _COUNT.pack(self.count))
        self._stream.write(self._digest.digest())
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._stream.write(data)


@contextmanager
def write_backup(path: Path, header: Header) -> Iterator[Writer]:
    """A writer whose file, readable by its owner alone, takes its name only when it is whole."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:  # from before the file is made: a signal may come between any two steps
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb", buffering=_BLOCK) as stream:
            writer = Writer(stream, header)
            yield writer
            writer.finish()
        part.replace(path)
        _sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


class Reader:
    """Reads what a Writer wrote, of this version and of version 1.

    Raises NotABackup, BackupTooNew, or DamagedBackup with a sentence.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._size = os.fstat(stream.fileno()).st_size
        self._digest = hashlib.sha256()
        self._start()

    def verify(self) -> int:
        """Read the whole file; how many keys it holds. Leaves the reader at the first record again."""
        count = sum(piece.first for piece in self.pieces())
        self._start()
        return count

    def pieces(self) -> Iterator[Piece]:
        """The pieces in their order, then a check of the end."""
        count = 0
        ends: list[bytes] = []

        def take(length: int) -> bytes:
            data = self._take(length)
            if length == 1:
                ends[:] = [data]
            return data

        read = _dumps(take) if self.header.version == 1 else pieces(take)
        begun = False
        for piece in read:
            begun = begun or piece.first
            if not begun:
                raise DamagedBackup("it begins in the middle of a key")
            count += piece.first
            yield piece
        if ends != [b"E"]:
            raise DamagedBackup(f"unknown kind of record after {count} keys")
        (written,) = _COUNT.unpack(self._take(_COUNT.size))
        if written != count:
            raise DamagedBackup(f"{count} keys found where {written} were written")
        expected = self._digest.digest()
        if self._take(len(expected)) != expected:
            raise DamagedBackup("the checksum is wrong")
        if self._stream.read(1):
            raise DamagedBackup("something follows its end")

    def _start(self) -> None:
        self._stream.seek(0)
        self._digest = hashlib.sha256()
        begin = self._stream.read(len(MAGIC))
        if begin != MAGIC:
            if MAGIC.startswith(begin):
                raise DamagedBackup("it is cut short")
            raise NotABackup("it is no backup of this project")
        self._digest.update(MAGIC)
        (length,) = _LENGTH.unpack(self._take(_LENGTH.size))
        facts = self._facts(self._take(length))
        version = facts.get("version")
        if not isinstance(version, int) or version < 1:
            raise DamagedBackup("its header can't be read")
        if version > VERSION:
            raise BackupTooNew(
                f"its format {version} is newer than what this version reads ({VERSION}): update the site"
            )
        try:
            self.header = Header(**{**facts, "families": tuple(facts["families"])})
        except (TypeError, KeyError) as error:
            raise DamagedBackup("its header can't be read") from error

    def _facts(self, text: bytes) -> dict[str, Any]:
        try:
            facts = json.loads(text)
        except (ValueError, RecursionError) as error:  # the last: lists within lists, thousands deep
            raise DamagedBackup("its header can't be read") from error
        if not isinstance(facts, dict):
            raise DamagedBackup("its header can't be read")
        return facts

    def _take(self, length: int) -> bytes:
        # A length that was altered must not make us ask for more memory than the file has bytes.
        if length > _BLOCK and length > self._size - self._stream.tell():
            raise DamagedBackup("it is cut short")
        data = self._stream.read(length)
        if len(data) != length:
            raise DamagedBackup("it is cut short")
        self._digest.update(data)
        return data


def _dumps(take: Callable[[int], bytes]) -> Iterator[Piece]:
    """The records of version 1."""
    while take(1) == b"K":
        (length,) = _LENGTH.unpack(take(_LENGTH.size))
        key = take(length)
        expires, length = _VALUE.unpack(take(_VALUE.size))
        yield Piece(key, expires, records.DUMP, [take(length)])


def _unpacked(kind: bytes, data: bytes) -> list[bytes]:
    reader = hiredis.Reader()
    try:
        reader.feed(data)
        values = reader.gets()
        if not isinstance(values, list) or reader.has_data() or not all(type(value) is bytes for value in values):
            raise DamagedBackup("a value can't be read")
        records.check(kind, values)
    except (hiredis.HiredisError, ValueError, IndexError, MemoryError) as error:
        raise DamagedBackup("a value can't be read") from error
    return list(values)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
