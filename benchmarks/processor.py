"""Processor time of processes that are still running, from /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(*words: str) -> float:
    """Of all processes whose command line has one of the words, such as a port, and of those that they started."""
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
            if any(word == part or (os.sep in word and word in part) for word in words for part in command):
                named.add(pid)
    return sum(ticks[pid] for pid in ticks if _descends(pid, parents, named)) / _TICKS


def _descends(pid: int, parents: dict[int, int], named: set[int]) -> bool:
    while pid in parents:
        if pid in named:
            return True
        pid = parents[pid]
    return False
