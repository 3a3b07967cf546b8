"""Names of keys, grouped by what decides their slot, without holding all of them in memory."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import IO, Self
from zlib import crc32

_PARTS = 256
# Held in memory until they are written aside: about 5 MB.
_BUFFERED = 50_000
_LENGTH = struct.Struct(">I")


class KeyNames:
    """A bag of names in 256 parts; keys of one hash tag are in one part, so what belongs together is found together.

    What does not fit into memory goes to a nameless temporary file, which ends with this process however it ends.
    SCAN may name a key twice: each part is a set when it is read.
    """

    def __init__(self) -> None:
        self.count = 0
        self._buffers: list[list[bytes]] = [[] for _ in range(_PARTS)]
        self._buffered = 0
        self._spilled: list[list[tuple[int, int]]] = [[] for _ in range(_PARTS)]
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def extend(self, names: Iterable[bytes]) -> Self:
        """Add names."""
        for name in names:
            self._buffers[crc32(hash_tag(name)) % _PARTS].append(name)
            self.count += 1
            self._buffered += 1
            if self._buffered >= _BUFFERED:
                self._spill()
        return self

    def parts(self) -> Iterator[set[bytes]]:
        """The names part by part, each name once; always 256 parts, and a name is in the same one of every bag."""
        for number in range(_PARTS):
            names = set(self._buffers[number])
            if self._file is not None:
                for place, length in self._spilled[number]:
                    self._file.seek(place)
                    names.update(_unpack(self._file.read(length)))
            yield names

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        place = self._file.seek(0, 2)
        for number, buffer in enumerate(self._buffers):
            if buffer:
                data = b"".join(_LENGTH.pack(len(name)) + name for name in buffer)
                self._file.write(data)
                self._spilled[number].append((place, len(data)))
                place += len(data)
                buffer.clear()
        self._buffered = 0


def groups(names: Iterable[bytes], most: int) -> Iterator[list[bytes]]:
    """Names of one hash tag together, `most` at a time."""
    for _, same in groupby(sorted(names, key=lambda name: (hash_tag(name), name)), key=hash_tag):
        group = list(same)
        for start in range(0, len(group), most):
            yield group[start : start + most]


def hash_tag(key: bytes) -> bytes:
    """What decides the key's slot: the text in its first pair of braces, the key itself when there is none."""
    _, brace, after = key.partition(b"{")
    inner, end, _ = after.partition(b"}")
    return inner if brace and end and inner else key


def _unpack(data: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(data):
        (length,) = _LENGTH.unpack_from(data, place)
        place += _LENGTH.size
        yield data[place : place + length]
        place += length
