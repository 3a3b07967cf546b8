"""Writes keys by value into the store, many in one round trip."""

from __future__ import annotations

from collections.abc import Iterable

import redis

from kv import keys
from kv.backup import records
from kv.backup.names import groups
from kv.backup.reader import knows_field_expiry
from kv.backup.records import Piece
from kv.errors import DamagedBackup, StoreUnavailable
from kv.store.connection import Command
from kv.store.nodes import Node, Nodes

_BATCH_VALUES = 50_000
_UNLINKED = 500


class ValueWriter:
    """Writes under a prefix, replacing what is there. `flush` before what was added is to be there.

    dropped: how many fields lost their own expiry, because the server knows none.
    """

    def __init__(self, nodes: Nodes, prefix: bytes) -> None:
        self._nodes = nodes
        self._prefix = prefix
        self._commands: dict[Node, list[Command]] = {}
        self._size = 0
        self.field_expiry = all(knows_field_expiry(node) for node in nodes)
        self.dropped = 0

    def add(self, piece: Piece) -> None:
        """Write a piece of a key, named without its prefix. Raises StoreUnavailable, DamagedBackup."""
        key = self._prefix + piece.key
        commands = self._commands.setdefault(self._nodes.holding(key), [])
        try:
            commands.extend(records.commands(piece, key, field_expiry=self.field_expiry))
        except (ValueError, IndexError) as error:
            raise DamagedBackup(f"a value can't be read: {error}") from error
        if piece.kind == records.FIELD_EXPIRY and not self.field_expiry:
            self.dropped += len(piece.values) // 2
        # A command costs about as much as 50 values or 4 kB.
        self._size += 50 + len(piece.values) + sum(map(len, piece.values)) // 80
        if self._size >= _BATCH_VALUES:
            self.flush()

    def flush(self) -> None:
        """Send what was added. Raises StoreUnavailable."""
        commands, self._commands, self._size = self._commands, {}, 0
        _send(commands)


def unlink(nodes: Nodes, names: Iterable[bytes]) -> int:
    """Remove keys; how many were named. Raises StoreUnavailable."""
    count = 0
    commands: dict[Node, list[Command]] = {}
    for key in names:
        commands.setdefault(nodes.holding(key), []).append(("UNLINK", key))
        count += 1
        if count % _UNLINKED == 0:
            _send(commands)
            commands = {}
    _send(commands)
    return count


def forget_derived(nodes: Nodes) -> None:
    """Delete what apps make anew from other keys, now that these were written. Raises StoreUnavailable."""
    for node in nodes:
        found = set(node.scan(families=keys.derived()))
        # Those of one hash tag in one command: they belong together.
        for names in groups(found, max(len(found), 1)):
            node.ask("UNLINK", *names)


def _send(commands: dict[Node, list[Command]]) -> None:
    for node, some in commands.items():
        refused = next((reply for reply in node.ask_all(some) if isinstance(reply, redis.ResponseError)), None)
        if refused is not None:
            raise StoreUnavailable(f"the server refused a key: {refused}; run it again with --replace") from refused
