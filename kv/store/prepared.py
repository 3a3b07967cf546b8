"""A script's call that is made with nearly the same keys and arguments each time: packed once, completed each time.

To pack fifty short texts takes five microseconds, and to build them as many again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from kv.store.client import pack_command
from kv.store.connection import Arg
from kv.store.scripts import Script

#: What stands for parameters. Neither keys nor arguments that are the same each time have such characters.
_MARKS = "\1\2\3\4\5\6\7"


def parameters(lengths: Mapping[str, int]) -> dict[str, str]:
    """What stands in keys and arguments for the values of up to seven parameters: as long as those will be.

    lengths: in bytes, by name.
    """
    return {name: mark * length for mark, (name, length) in zip(_MARKS, lengths.items(), strict=False)}


class PreparedCall:
    """A call of `script`. keys, args: with `parameters(lengths)` in them; other arguments may follow, at each call."""

    def __init__(self, script: Script, keys: Sequence[str], args: Sequence[Arg], lengths: Mapping[str, int]) -> None:
        self.script = script
        self._lengths = dict(lengths)
        names = {text: name for name, text in parameters(lengths).items() if text}
        marks = re.compile(f"({'|'.join(names)})") if names else re.compile("(?!)()")
        self._texts: list[Arg] = [*keys, *args]
        self._keys = len(keys)
        self._open = [
            (place, [names.get(part, part) for part in marks.split(text)])
            for place, text in enumerate(self._texts)
            if isinstance(text, str) and marks.search(text)
        ]
        command = script.command(keys, args)
        self._count = len(command)
        # Behind the number of arguments, which depends on how many follow. Latin-1: a character for each byte.
        parts = marks.split(pack_command(command).partition(b"\r\n")[2].decode("latin-1"))
        self._parts = [part.encode("latin-1") for part in parts]
        self._names = [(place, names[parts[place]]) for place in range(1, len(parts), 2)]

    def bind(self, values: Mapping[str, str], *args: str) -> BoundCall:
        """The call with these values of its parameters, and these arguments behind its own."""
        return BoundCall(self, values, args)

    def complete(self, values: Mapping[str, str], more: tuple[str, ...]) -> tuple[list[str], list[Arg]]:
        """All keys, and all arguments."""
        texts = self._texts.copy()
        for place, parts in self._open:
            texts[place] = "".join([values[part] if odd % 2 else part for odd, part in enumerate(parts)])
        return cast("list[str]", texts[: self._keys]), [*texts[self._keys :], *more]

    def packed(self, values: Mapping[str, str], more: tuple[str, ...]) -> bytes:
        """The command in the store's protocol (RESP). Raises ValueError for a value of another length."""
        filled = {}
        for name, length in self._lengths.items():
            value = filled[name] = values[name].encode()
            if len(value) != length:  # or the store would take the rest for the next command
                raise ValueError(f"parameter {name}: {len(value)} bytes in the place of {length}")
        parts = self._parts.copy()
        for place, name in self._names:
            parts[place] = filled[name]
        return b"".join((b"*%d\r\n" % (self._count + len(more)), *parts, _packed_arguments(more)))


class BoundCall(NamedTuple):
    """One run of a prepared call, as a `Step` is one of any."""

    call: PreparedCall
    values: Mapping[str, str]
    more: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """As of a `Step`."""
        return self.call.complete(self.values, self.more)[0]

    @property
    def args(self) -> list[Arg]:
        """As of a `Step`."""
        return self.call.complete(self.values, self.more)[1]

    def run(self) -> Any:
        """The script's reply. Raises StoreUnavailable."""
        return self.call.script.run(*self.call.complete(self.values, self.more))

    def packed(self) -> bytes:
        """The command in the store's protocol (RESP)."""
        return self.call.packed(self.values, self.more)


@lru_cache(maxsize=4096)
def _packed_arguments(texts: tuple[str, ...]) -> bytes:
    values = [text.encode() for text in texts]
    return b"".join([b"$%d\r\n%b\r\n" % (len(value), value) for value in values])
