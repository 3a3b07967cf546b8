"""Lua scripts as package resources: one small file each, one round trip each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property
from importlib import resources
from typing import Any

import redis.exceptions

from kv.errors import store_errors
from kv.process.tracing import is_traced, span
from kv.store.connection import Arg, call, call_write, connection

# A line `-- uses kv.moving_window` is replaced by the text of kv/lua/moving_window.lua. Inside a function it is defined
# only when that function runs: each function that a script defines costs time in every run.
USES = re.compile(r"^ *-- uses (\w+)\.(\w+)$", re.MULTILINE)


class Script:
    """One Lua file of a package's `lua/` folder, run by its hash and loaded again when the server has forgotten it."""

    def __init__(self, package: str, name: str) -> None:
        self.package = package
        self.name = name

    def __repr__(self) -> str:
        return f"<Script {self.package}/lua/{self.name}.lua>"

    @cached_property
    def source(self) -> str:
        """The text that is sent: the file with the libraries that it uses, and those that they use."""
        return _with_libraries(self.package, self.name)

    @cached_property
    def sha(self) -> str:
        """The hash by which servers know a script."""
        return hashlib.sha1(self.source.encode()).hexdigest()  # noqa: S324 (Redis names scripts so)

    def run(self, keys: Sequence[str], args: Sequence[Arg] = ()) -> Any:
        """Run as a write: with KV_WAIT_REPLICAS it returns only when so many replicas have it.

        keys: all in one cluster slot. Returns the script's reply: bytes, ints, lists of them.
        Raises StoreUnavailable.
        """
        return self._run(call_write, keys, args)

    def read(self, keys: Sequence[str], args: Sequence[Arg] = ()) -> Any:
        """Run a script that writes nothing that must last: never waits for replicas."""
        return self._run(call, keys, args)

    def command(self, keys: Sequence[str | bytes], args: Sequence[Arg] = ()) -> tuple[Arg, ...]:
        """The EVALSHA command, for `call_many` or a pipeline's `execute_command`; `load` the script first."""
        return ("EVALSHA", self.sha, len(keys), *keys, *args)

    def load(self) -> None:
        """Put the script on the server (on every primary of a cluster)."""
        with store_errors():
            connection().script_load(self.source)

    def _run(self, send: Any, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        if is_traced():
            with span(f"{self.package}.{self.name}"):
                return self._send(send, keys, args)
        return self._send(send, keys, args)

    def _send(self, send: Any, keys: Sequence[str], args: Sequence[Arg]) -> Any:
        try:
            return send("EVALSHA", self.sha, len(keys), *keys, *args)
        except redis.exceptions.NoScriptError:
            # Nothing ran, so sending the text is no second time.
            return send("EVAL", self.source, len(keys), *keys, *args)


def _with_libraries(package: str, name: str) -> str:
    return USES.sub(lambda found: _with_libraries(found[1], found[2]), read_lua(package, name))


def read_lua(package: str, name: str) -> str:
    """The text of `package`/lua/`name`.lua."""
    return resources.files(package).joinpath("lua", f"{name}.lua").read_text("utf-8")
