"""A backup file back into the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import redis

from kv import keys
from kv.backup import records
from kv.backup.file import Header, Reader
from kv.backup.names import KeyNames
from kv.backup.progress import Follow, Meter
from kv.backup.records import Piece
from kv.backup.writer import ValueWriter, forget_derived, unlink
from kv.conf import app_settings
from kv.errors import ForeignValues
from kv.store.nodes import Nodes, open_nodes
from kv.times import server_ms

_PROBE_MS = 1000
_METERED = 500


class StoreNotEmpty(Exception):
    """The store holds keys of the project already. `count`: how many."""

    def __init__(self, count: int) -> None:
        super().__init__(f"the store holds {count} keys of this project already")
        self.count = count


@dataclass(frozen=True)
class Restored:
    """written: keys restored; expired: keys left out, their time was over; removed: keys that the backup has not.

    dropped: fields of hashes that lost their expiry, because this server knows no expiry of single fields.
    """

    written: int
    expired: int
    removed: int
    dropped: int = 0


def verify_backup(path: Path) -> tuple[Header, int]:
    """Read the whole file; its header and how many keys it holds.

    Raises NotABackup, BackupTooNew, DamagedBackup or OSError.
    """
    with path.open("rb") as stream:
        reader = Reader(stream)
        return reader.header, reader.verify()


def count_keys() -> int:
    """How many keys of the project the store holds now. Raises StoreUnavailable."""
    with open_nodes() as nodes:
        return sum(sum(1 for _ in node.scan()) for node in nodes)


def restore_backup(path: Path, *, replace: bool = False, follow: Follow) -> Restored:
    """Put every key of the file into the store, under the KV_PREFIX of today.

    follow:  gets the number of keys and, as it goes, how many are done.
    replace: whether keys of the project may be there already; those that the backup has not are removed at the end.
    Safe to run again after an interruption. Raises what `verify_backup` does, ForeignValues or StoreNotEmpty, having
    written nothing; StoreUnavailable when the store goes away meanwhile.
    """
    with path.open("rb") as stream, open_nodes() as nodes, KeyNames() as present, KeyNames() as kept:
        reader = Reader(stream)
        total = reader.verify()
        for node in nodes:
            present.extend(node.scan())
        if present.count and not replace:
            raise StoreNotEmpty(present.count)
        with follow(total) as meter:
            run = _Run(nodes, reader.header, meter)
            for piece in reader.pieces():
                if run.takes(piece) and piece.first and present.count:
                    kept.extend([run.prefix + piece.key])
            run.finish()
        removed = 0
        if present.count:
            for there, restored in zip(present.parts(), kept.parts(), strict=True):
                removed += unlink(nodes, sorted(there - restored))
        forget_derived(nodes)
    return Restored(run.written, run.expired, removed, run.writer.dropped)


class _Run:
    """One restoring: what was written, and what had expired."""

    def __init__(self, nodes: Nodes, header: Header, meter: Meter) -> None:
        self.prefix = app_settings.KV_PREFIX.encode()
        self.written = self.expired = 0
        self.writer = ValueWriter(nodes, self.prefix)
        self._nodes, self._header, self._meter = nodes, header, meter
        self._now = _now(nodes)
        self._alive = False

    def takes(self, piece: Piece) -> bool:
        """Write the piece, unless its key's time was over when the restoring began; whether it was written."""
        if piece.first:
            self._alive = piece.expires < 0 or piece.expires > self._now
            if self._alive and not self.written and piece.kind == records.DUMP:
                _probe(self._nodes, piece, self._header)
            self.written += self._alive
            self.expired += not self._alive
            if not (self.written + self.expired) % _METERED:
                self._meter.advance(_METERED)
        if self._alive:
            self.writer.add(piece)
        return self._alive

    def finish(self) -> None:
        """Have the store take the last of it."""
        self.writer.flush()
        self._meter.advance((self.written + self.expired) % _METERED)


def _probe(nodes: Nodes, piece: Piece, header: Header) -> None:
    """See on one value whether this server understands the other's DUMP, before anything of ours is touched."""
    key = keys.probe().encode()
    node = nodes.holding(key)
    try:
        node.ask("RESTORE", key, _PROBE_MS, piece.values[0], "REPLACE")
    except redis.ResponseError as error:
        raise ForeignValues(
            f"it is of format 1, whose values only a server as new as {header.server or 'the one that wrote them'} "
            f"reads: restore it there, then use kv_copy or save it again ({error})"
        ) from error
    node.ask("DEL", key)


def _now(nodes: Nodes) -> int:
    return server_ms(next(iter(nodes)).ask("TIME"))
