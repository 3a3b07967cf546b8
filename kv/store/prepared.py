"""A script's call that is made with nearly the same keys and arguments each time: packed once, completed each time.

To pack fifty short texts takes five microseconds, and to build them as many again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from kv.store.client import pack_command
from kv.store.connection import Arg
from kv.store.scripts import Script

_PARAMETER = re.compile(r"\x00([a-z])\x01*")


def parameter(name: str, length: int) -> str:
    """What stands in a prepared key for a value of exactly so many ASCII characters. name: one letter from a to z."""
    return f"\0{name}".ljust(length, "\1")


class PreparedCall:
    """A call of `script`. keys: with parameters in them. args: those that come first, and are the same each time."""

    def __init__(self, script: Script, keys: Sequence[str], args: Sequence[Arg]) -> None:
        self.script = script
        self._keys = list(keys)
        self._args = tuple(args)
        self._open_keys = [(place, _PARAMETER.split(key)) for place, key in enumerate(keys) if "\0" in key]
        command = script.command(keys, args)
        self._length = len(command)
        # Behind the number of arguments, which depends on how many follow.
        packed = pack_command(command).partition(b"\r\n")[2]
        text = packed.decode("latin-1")  # a character for each byte
        self._parts = [part.encode("latin-1") for part in _PARAMETER.split(text)]
        self._names = [(place, self._parts[place].decode()) for place in range(1, len(self._parts), 2)]
        self._lengths = {found[1]: len(found[0]) for found in _PARAMETER.finditer(text)}

    def bind(self, values: Mapping[str, str], *args: str) -> BoundCall:
        """The call with these values of its parameters, and these arguments behind its own."""
        return BoundCall(self, values, args)

    def keys(self, values: Mapping[str, str]) -> list[str]:
        """All keys with these values."""
        keys = self._keys.copy()
        for place, parts in self._open_keys:
            keys[place] = _filled(parts, values)
        return keys

    def args(self, more: Sequence[str]) -> tuple[Arg, ...]:
        """All arguments."""
        return (*self._args, *more)

    def packed(self, values: Mapping[str, str], more: Sequence[str]) -> bytes:
        """The command in the store's protocol (RESP). Raises ValueError for a value of another length."""
        filled = {}
        for name, length in self._lengths.items():
            value = filled[name] = values[name].encode()
            if len(value) != length:  # or the store would take the rest for the next command
                raise ValueError(f"parameter {name}: {len(value)} bytes in the place of {length}")
        parts = self._parts.copy()
        for place, name in self._names:
            parts[place] = filled[name]
        return b"".join((b"*%d\r\n" % (self._length + len(more)), *parts, *map(_packed_argument, more)))


class BoundCall(NamedTuple):
    """One run of a prepared call, as a `Step` is one of any."""

    call: PreparedCall
    values: Mapping[str, str]
    more: Sequence[str]

    @property
    def keys(self) -> list[str]:
        """As of a `Step`."""
        return self.call.keys(self.values)

    @property
    def args(self) -> tuple[Arg, ...]:
        """As of a `Step`."""
        return self.call.args(self.more)

    def run(self) -> Any:
        """The script's reply. Raises StoreUnavailable."""
        return self.call.script.run(self.keys, self.args)

    def packed(self) -> bytes:
        """The command in the store's protocol (RESP)."""
        return self.call.packed(self.values, self.more)


def _filled(parts: Sequence[str], values: Mapping[str, str]) -> str:
    return "".join([values[part] if place % 2 else part for place, part in enumerate(parts)])


@lru_cache(maxsize=4096)
def _packed_argument(text: str) -> bytes:
    value = text.encode()
    return b"$%d\r\n%b\r\n" % (len(value), value)
