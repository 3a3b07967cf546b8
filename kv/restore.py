"""A backup file back into the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis

from kv import keys
from kv.backup_file import Follow, Header, Reader, Record
from kv.conf import app_settings
from kv.connection import Command
from kv.errors import DamagedBackup, StoreUnavailable
from kv.nodes import Node, Nodes, open_nodes

_BATCH_KEYS = 500
_BATCH_BYTES = 4 << 20
_PROBE_MS = 1000


class StoreNotEmpty(Exception):
    """The store holds keys of the project already. `count`: how many."""

    def __init__(self, count: int) -> None:
        super().__init__(f"the store holds {count} keys of this project already")
        self.count = count


@dataclass(frozen=True)
class Restored:
    """written: keys restored; expired: keys left out, their time was over; removed: keys that the backup has not."""

    written: int
    expired: int
    removed: int


def verify_backup(path: Path) -> tuple[Header, int]:
    """Read the whole file; its header and how many keys it holds. Raises DamagedBackup or OSError."""
    with path.open("rb") as stream:
        reader = Reader(stream)
        return reader.header, reader.verify()


def count_keys() -> int:
    """How many keys of the project the store holds now. Raises StoreUnavailable."""
    with open_nodes() as nodes:
        return sum(sum(1 for _ in node.scan()) for node in nodes)


def restore_backup(path: Path, *, replace: bool = False, follow: Follow) -> Restored:
    """Put every key of the file into the store, under the KV_PREFIX of today.

    follow:  is told how many keys there are and, after each batch, how many were dealt with.
    replace: whether keys of the project may be there already; those that the backup has not are removed at the end.
    Safe to run again after an interruption. Raises DamagedBackup or StoreNotEmpty, having written nothing;
    StoreUnavailable when the store goes away meanwhile.
    """
    prefix = app_settings.KV_PREFIX.encode()
    with path.open("rb") as stream, open_nodes() as nodes:
        reader = Reader(stream)
        total = reader.verify()
        present = {key for node in nodes for key in node.scan()}
        if present and not replace:
            raise StoreNotEmpty(len(present))
        written = expired = 0
        now = _now(nodes)
        with follow(total) as meter:
            for batch in _batches(reader.records()):
                alive = [record for record in batch if record.expires < 0 or record.expires > now]
                if not written and alive:
                    _probe(nodes, alive[0])
                _write(nodes, [Record(prefix + record.key, record.expires, record.value) for record in alive])
                present.difference_update(prefix + record.key for record in alive)
                written += len(alive)
                expired += len(batch) - len(alive)
                meter.advance(len(batch))
        removed = _remove(nodes, sorted(present))
    return Restored(written, expired, removed)


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.value)
        if len(batch) >= _BATCH_KEYS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _write(nodes: Nodes, records: list[Record]) -> None:
    commands: dict[Node, list[Command]] = {}
    for record in records:
        expires = max(record.expires, 0)
        command = ("RESTORE", record.key, expires, record.value, "REPLACE", "ABSTTL")
        commands.setdefault(nodes.holding(record.key), []).append(command)
    _send(commands)


def _remove(nodes: Nodes, names: list[bytes]) -> int:
    for start in range(0, len(names), _BATCH_KEYS):
        commands: dict[Node, list[Command]] = {}
        for key in names[start : start + _BATCH_KEYS]:
            commands.setdefault(nodes.holding(key), []).append(("UNLINK", key))
        _send(commands)
    return len(names)


def _send(commands: dict[Node, list[Command]]) -> None:
    for node, some in commands.items():
        refused = next((reply for reply in node.ask_all(some) if isinstance(reply, redis.ResponseError)), None)
        if refused is not None:
            raise StoreUnavailable(f"the server refused a key: {refused}; run it again with --replace") from refused


def _probe(nodes: Nodes, record: Record) -> None:
    """See on one value whether this server understands the other's format, before anything of ours is touched."""
    key = keys.probe().encode()
    node = nodes.holding(key)
    try:
        node.ask("RESTORE", key, _PROBE_MS, record.value, "REPLACE")
    except redis.ResponseError as error:
        raise DamagedBackup(f"this server can't read its values, it is older than theirs ({error})") from error
    node.ask("DEL", key)


def _now(nodes: Nodes) -> int:
    seconds, micros = next(iter(nodes)).ask("TIME")
    return int(seconds) * 1000 + int(micros) // 1000
