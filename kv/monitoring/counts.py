"""Counts requests by method, route and status, for all processes of a machine together.

Each process counts in a file of its own in DATA_DIR/metrics, which it maps into memory: a request costs three additions
and no system call. A reader adds the files up. A new process takes over the file of one that has ended, so counters
never go down, neither when a worker dies nor when the site starts again.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from logging import getLogger
from pathlib import Path

from kv.conf import app_settings

log = getLogger(__name__)

#: Upper bounds of the latency's buckets, seconds. What is above the last one is counted too.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
#: The route of requests that reached no view, and of all others once the table is full.
OTHER = "other"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# A file: _MAGIC, then rows: the key, padded with zeros, and numbers of eight bytes: a count for each bucket, the count
# above the last one, the sum in microseconds.
_MAGIC = b"kv-requests-1".ljust(16, b"\0")
_KEY = 104
_NUMBERS = len(BUCKETS) + 2
_ROW = _KEY + 8 * _NUMBERS
#: Rows of a file: more than a site has of pairs of route and status that occur.
ROWS = 1024
# Of these for requests of routes that find no row any more.
_KEPT_FREE = 64
_SIZE = len(_MAGIC) + ROWS * _ROW
_FILES = 256

Key = tuple[str, str, int]


@dataclass
class Latency:
    """counts: requests in each bucket, the last one above all of BUCKETS; not cumulative. microseconds: their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    microseconds: int = 0

    @property
    def count(self) -> int:
        """All requests."""
        return sum(self.counts)

    def add(self, numbers: tuple[int, ...]) -> None:
        """Add the numbers of a row."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, numbers[:-1], strict=True)]
        self.microseconds += numbers[-1]


class RequestCounts:
    """The counts of this process, and the sums of all. directory: where the files are; None = memory alone."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._rows: dict[Key, int] = {}
        self._path, self._memory = _claim_file(directory) if directory else (None, _own_memory())
        self._numbers = memoryview(self._memory).cast("Q")
        for place, (key, _) in enumerate(_rows_of(bytes(self._memory))):
            self._rows[key] = _first_number(place)

    def record(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request. seconds: from its arrival to its response."""
        key = (method if method in _METHODS else "OTHER", route, status)
        with self._lock:
            first = self._rows.get(key)
            if first is None:
                first = self._add(key)
            numbers = self._numbers
            numbers[first + bisect_left(BUCKETS, seconds)] += 1
            numbers[first + _NUMBERS - 1] += max(int(seconds * 1e6), 0)

    def read(self) -> dict[Key, Latency]:
        """The sums over all processes of this machine, by method, route and status."""
        found: dict[Key, Latency] = {}
        for content in self._contents():
            for key, numbers in _rows_of(content):
                found.setdefault(key, Latency()).add(numbers)
        return found

    def _contents(self) -> Iterator[bytes]:
        yield bytes(self._memory)
        for path in sorted(self._directory.glob("requests-*")) if self._directory else ():
            if path != self._path:
                with suppress(OSError):
                    yield path.read_bytes()

    def _add(self, key: Key) -> int:
        """The place of a new row's first number; that of OTHER when the table is nearly full."""
        place = len(set(self._rows.values()))
        if place >= ROWS - _KEPT_FREE or len(_packed(key)) > _KEY:
            key = (key[0], OTHER, key[2])
            if key in self._rows:
                return self._rows[key]
            if place >= ROWS:
                return _first_number(ROWS - 1)
        begin = len(_MAGIC) + place * _ROW
        self._memory[begin : begin + _KEY] = _packed(key).ljust(_KEY, b"\0")
        self._rows[key] = _first_number(place)
        return self._rows[key]


def _first_number(place: int) -> int:
    return (len(_MAGIC) + place * _ROW + _KEY) // 8


def _packed(key: Key) -> bytes:
    return f"{key[0]} {key[2]} {key[1]}".encode()


def _rows_of(content: bytes) -> Iterator[tuple[Key, tuple[int, ...]]]:
    """The rows of a file; none of one that is not ours."""
    if not content.startswith(_MAGIC):
        return
    for begin in range(len(_MAGIC), len(content) - _ROW + 1, _ROW):
        text = content[begin : begin + _KEY].rstrip(b"\0").decode(errors="replace")
        method, _, rest = text.partition(" ")
        status, _, route = rest.partition(" ")
        if not route or not status.isdecimal():
            return
        yield (method, route, int(status)), struct.unpack_from(f"{_NUMBERS}Q", content, begin + _KEY)


def _claim_file(directory: Path) -> tuple[Path | None, mmap.mmap]:
    """A file that no living process counts in. Without one (a full disk, a foreign directory) memory of our own."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(_FILES):
            path = directory / f"requests-{number}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                # The lock lasts as long as the mapping, which ends with the process.
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            try:
                return path, _map(descriptor)
            finally:
                os.close(descriptor)  # the mapping keeps one of its own
    except OSError as error:
        log.warning("requests are counted in memory alone: %s", error.strerror)
    return None, _own_memory()


def _own_memory() -> mmap.mmap:
    memory = mmap.mmap(-1, _SIZE)
    memory[: len(_MAGIC)] = _MAGIC
    return memory


def _map(descriptor: int) -> mmap.mmap:
    """Map the file, made complete first: a hole that a full disk can't fill would kill the process."""
    begin = os.pread(descriptor, len(_MAGIC), 0)
    if begin != _MAGIC or os.fstat(descriptor).st_size != _SIZE:
        os.ftruncate(descriptor, 0)
        content = _MAGIC.ljust(_SIZE, b"\0")
        if os.pwrite(descriptor, content, 0) < _SIZE:
            os.ftruncate(descriptor, 0)
            raise OSError(0, "the disk is full")
    return mmap.mmap(descriptor, _SIZE)


_counts: RequestCounts | None = None
_making = threading.Lock()


def request_counts() -> RequestCounts:
    """The counts of this process, made at the first call."""
    global _counts  # noqa: PLW0603 (one for each process)
    if _counts is None:
        with _making:
            if _counts is None:
                chosen = str(app_settings.DATA_DIR)
                _counts = RequestCounts(Path(chosen) / "metrics" if chosen else None)
    return _counts


def forget_counts() -> None:
    """Begin anew at the next call: in a forked process, whose file is its parent's, and between tests."""
    global _counts, _making
    _counts, _making = None, threading.Lock()


os.register_at_fork(after_in_child=forget_counts)
