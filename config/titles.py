"""The command line that `ps` shows for a process that was forked and never executed."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

# Fields of /proc/PID/stat behind the name, which may have blanks in it: where arguments and environment begin and end.
_ARG_START, _ARG_END, _ENV_START, _ENV_END = 45, 46, 47, 48


def set_title(title: str) -> None:
    """Write `title` over the arguments that this process was started with, where the system shows those.

    Linux shows what is there, up to the first zero byte when it runs on into the environment. So the environment is
    moved first: the C library makes copies of what it is given.
    """
    if sys.platform != "linux":
        return
    try:
        begin, end = _room()
    except (OSError, ValueError, IndexError):
        return
    for name, value in os.environb.items():
        os.putenv(name, value)
    text = os.fsencode(title)[: end - begin - 1]
    ctypes.memset(begin, 0, end - begin)
    ctypes.memmove(begin, text, len(text))


def _room() -> tuple[int, int]:
    """Where the arguments and the environment of this process are in its memory. Raises ValueError if not known."""
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    begin, middle, after, end = (int(fields[number]) for number in (_ARG_START, _ARG_END, _ENV_START, _ENV_END))
    if not 0 < begin < middle <= after <= end:
        raise ValueError("this system does not say")
    if after - middle > 1:
        end = middle  # they are apart
    if ctypes.string_at(begin, middle - begin) != Path("/proc/self/cmdline").read_bytes():
        raise ValueError("something else is there")
    return begin, end
