"""The format of a backup file.

MAGIC, then length (uint32) and JSON of the header, then the records, then the end.
Record: `K`, length of the key (uint32), key without KV_PREFIX, expiry (int64, ms since 1970; -1 = none), length of the
value (uint64), value as DUMP gives it. End: `E`, number of records (uint64), SHA-256 of everything before it.
Integers are big-endian.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Protocol

from kv.errors import DamagedBackup

MAGIC = b"countinghouse backup\n"
VERSION = 1
_LENGTH = struct.Struct(">I")
_VALUE = struct.Struct(">qQ")
_COUNT = struct.Struct(">Q")
_BLOCK = 1 << 20


class Meter(Protocol):
    """Hears how far a long job is."""

    def advance(self, count: int = 1) -> None:
        """Add `count` to what is done."""


#: Called with how many keys there are, before the first is read or written.
Follow = Callable[[int], AbstractContextManager[Meter]]


@dataclass(frozen=True)
class Header:
    """created: ISO 8601; prefix: KV_PREFIX then; server: such as "valkey 9.1.2"; families: how the keys begin."""

    version: int
    created: str
    prefix: str
    server: str
    families: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """One key without its prefix; expires: ms since 1970, -1 = never; value: what DUMP gives and RESTORE takes."""

    key: bytes
    expires: int
    value: bytes


class Writer:
    """Writes records one after another; made by `write_backup`."""

    def __init__(self, stream: IO[bytes], header: Header) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.count = 0
        text = json.dumps(asdict(header)).encode()
        self._put(MAGIC + _LENGTH.pack(len(text)) + text)

    def add(self, record: Record) -> None:
        """Append one record."""
        self._put(b"K" + _LENGTH.pack(len(record.key)) + record.key)
        self._put(_VALUE.pack(record.expires, len(record.value)))
        self._put(record.value)
        self.count += 1

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
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=_BLOCK) as stream:
            writer = Writer(stream, header)
            yield writer
            writer.finish()
        part.replace(path)
        _sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


class Reader:
    """Reads what a Writer wrote; every step raises DamagedBackup with a sentence when something is wrong with it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._size = os.fstat(stream.fileno()).st_size
        self._digest = hashlib.sha256()
        self._start()

    def verify(self) -> int:
        """Read the whole file; how many records it holds. Leaves the reader at the first record again."""
        count = sum(1 for _ in self.records())
        self._start()
        return count

    def records(self) -> Iterator[Record]:
        """The records in their order, then a check of the end."""
        count = 0
        while (kind := self._take(1)) == b"K":
            (length,) = _LENGTH.unpack(self._take(_LENGTH.size))
            key = self._take(length)
            expires, length = _VALUE.unpack(self._take(_VALUE.size))
            yield Record(key, expires, self._take(length))
            count += 1
        if kind != b"E":
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
        if self._stream.read(len(MAGIC)) != MAGIC:
            raise DamagedBackup("it is no backup of this project")
        self._digest.update(MAGIC)
        (length,) = _LENGTH.unpack(self._take(_LENGTH.size))
        try:
            self.header = Header(**json.loads(self._take(length)))
        except (ValueError, TypeError, RecursionError) as error:  # the last: lists within lists, thousands deep
            raise DamagedBackup("its header can't be read") from error
        if self.header.version != VERSION:
            raise DamagedBackup(f"its format {self.header.version} is not one that this version reads ({VERSION})")

    def _take(self, length: int) -> bytes:
        # A length that was altered must not make us ask for more memory than the file has bytes.
        if length > self._size - self._stream.tell():
            raise DamagedBackup("it is cut short")
        data = self._stream.read(length)
        if len(data) != length:
            raise DamagedBackup("it is cut short")
        self._digest.update(data)
        return data


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
