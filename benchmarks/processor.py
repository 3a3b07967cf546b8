"""Processor time of servers, with all their processes and threads: what a request costs, whoever else is busy."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(*texts: str) -> float:
    """Of all processes whose command line has one of the texts, such as a port, and of those that they started."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    named: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            # The name of the command, in brackets, may hold blanks.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            pid = int(entry.name)
            parents[pid], ticks[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
            if any(text == part or (os.sep in text and text in part) for text in texts for part in command):
                named.add(pid)
    return sum(ticks[pid] for pid in ticks if _descends(pid, parents, named)) / _TICKS


def _descends(pid: int, parents: dict[int, int], named: set[int]) -> bool:
    while pid in parents:
        if pid in named:
            return True
        pid = parents[pid]
    return False


class Processor:
    """The time that some processes and their descendants take: a web server with its workers, a database, a store."""

    def __init__(self, *roots: int) -> None:
        self._roots = roots
        self._before = 0.0

    def start(self) -> None:
        """Measure from here on."""
        self._before = self._total()

    def seconds(self) -> float:
        """Seconds of processor time, user's and system's, since `start`."""
        return self._total() - self._before

    def _total(self) -> float:
        # What has ended is in the time of the parent that waited for it.
        return sum(sum(_stat(pid)[11:15]) for pid in _with_descendants(self._roots)) / _TICKS


def children(pid: int) -> list[int]:
    """The process ids of a process's children."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, path.read_text().split())
        except OSError:  # the thread has ended
            continue
    return found


def parent(pid: int) -> int:
    """The process id of a process's parent."""
    return _stat(pid)[1]


def _with_descendants(roots: Iterable[int]) -> set[int]:
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children(pid)
    return found


def _stat(pid: int) -> list[int]:
    """The numbers of /proc/PID/stat, from the state on (as 0); zeros for a process that has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return [0] * 50
    # The name before them may have spaces and brackets.
    return [0, *map(int, text.rpartition(")")[2].split()[1:])]
