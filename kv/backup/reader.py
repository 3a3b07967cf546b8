"""Reads keys by value from one server, those of one hash tag together."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import redis

from kv.backup import file, records
from kv.backup.names import groups
from kv.backup.records import Piece
from kv.errors import StoreUnavailable
from kv.store.nodes import Node
from kv.store.scripts import Script
from kv.times import server_ms

# Keys of one tag that are read together. A user has fewer; {stats} has thousands, which no transaction should hold.
_TOGETHER = 64
# Keys and elements of one round trip: the server does nothing else meanwhile, some ten milliseconds at most.
_BATCH = 256
_BUDGET = 16_384
_PART = 5_000
_TRIES = 5
_EVERYTHING = 10**15
_IN_MEMORY = 8 << 20
_SCRIPT = Script("kv", "read_keys")


class ValueReader:
    """Reads from one node.

    Small keys are read by one script for each hash tag, so they fit together. Those of a tag that hold more than 16 384
    elements are read in parts under WATCH, and again when one of them was written meanwhile; a tag that is written
    without a pause is at last read by the script whole, however long that takes the server.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._field_expiry = False
        node.ask("SCRIPT", "LOAD", _SCRIPT.source)

    def read(self, names: Iterable[bytes]) -> Iterator[Iterator[Piece]]:
        """The keys, each as its pieces; read one to its end before the next. What is not there is left out.

        Raises StoreUnavailable, also when a slot moves to another node meanwhile.
        """
        self._field_expiry = has_field_expiry(self._node)
        batch: list[list[bytes]] = []
        for group in groups(names, _TOGETHER):
            if batch and sum(map(len, batch)) + len(group) > _BATCH:
                yield from self._read_batch(batch)
                batch = []
            batch.append(group)
        if batch:
            yield from self._read_batch(batch)

    def _read_batch(self, batch: Sequence[list[bytes]]) -> Iterator[Iterator[Piece]]:
        replies = self._node.ask_all([self._command(group, _BUDGET // len(batch)) for group in batch])
        for group, reply in zip(batch, replies, strict=True):
            found = _whole(reply)
            if len(found) < len(group) and len(batch) > 1:
                found = _whole(self._node.ask_all([self._command(group, _BUDGET)])[0])
            if len(found) == len(group):
                yield from _small(group, found)
            else:
                yield from self._large(group)

    def _command(self, group: Sequence[bytes], budget: int) -> tuple[Any, ...]:
        return _SCRIPT.command(group, (budget, "1" if self._field_expiry else ""))

    def _large(self, group: Sequence[bytes]) -> Iterator[Iterator[Piece]]:
        for number in range(_TRIES):
            with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
                self._node.ask("WATCH", *group)
                for key in group:
                    for piece in self._in_parts(key):
                        spool.write(file.packed(piece))
                # Empty: a server whose memory is full takes nothing else in a transaction, and is worth a backup most.
                _, values = _known(self._node.ask_all([("MULTI",), ("EXEC",)]))
                streams = number == _TRIES - 1 and b"stream" in self._types(group)
                if values is not None or streams:  # no script could read a stream: what was read last is the best
                    spool.seek(0)
                    yield from file.keys_of(file.pieces(spool.read))
                    return
        yield from _small(group, _whole(self._node.ask_all([self._command(group, _EVERYTHING)])[0]))

    def _types(self, group: Sequence[bytes]) -> list[bytes]:
        return [bytes(reply) for reply in _known(self._node.ask_all([("TYPE", key) for key in group]))]

    def _in_parts(self, key: bytes) -> Iterator[Piece]:
        kind, expires = _known(self._node.ask_all([("TYPE", key), ("PEXPIRETIME", key)]))
        if kind == b"none":
            return
        first = True
        for kind_of_part, values in self._parts(key, records.KINDS.get(kind.decode(), b"")):
            yield Piece(key, expires, kind_of_part, values, first)
            first = False

    def _parts(self, key: bytes, kind: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
        ask = self._node.ask
        if kind == records.STRING:
            value = ask("GET", key)
            if value is not None:
                yield kind, [value]
        elif kind == records.LIST:
            yield from ((kind, part) for part in _ranged(lambda start, end: ask("LRANGE", key, start, end)))
        elif kind == records.ZSET:
            # By rank, not by ZSCAN: only here are scores written so that each double is named exactly.
            by_rank = _ranged(lambda start, end: ask("ZRANGE", key, start, end, "WITHSCORES"))
            yield from ((kind, part) for part in by_rank)
        elif kind == records.SET:
            yield from ((kind, part) for part in self._scan("SSCAN", key))
        elif kind == records.HASH:
            for part in self._scan("HSCAN", key):
                yield kind, part
                if self._field_expiry and (expiries := self._field_expiries(key, part[::2])):
                    yield records.FIELD_EXPIRY, expiries
        elif kind == records.STREAM:
            yield from _stream(self._node, key)
        else:
            raise StoreUnavailable("a key of the project is of a type that no backup can hold")

    def _scan(self, name: str, key: bytes) -> Iterator[list[bytes]]:
        cursor: Any = 0
        while True:
            cursor, found = self._node.ask(name, key, cursor, "COUNT", _PART)
            if found:
                yield found
            if int(cursor) == 0:
                return

    def _field_expiries(self, key: bytes, fields: Sequence[bytes]) -> list[bytes]:
        times = self._node.ask("HPEXPIRETIME", key, "FIELDS", len(fields), *fields)
        return [each for field, at in zip(fields, times, strict=True) if at > 0 for each in (field, b"%d" % at)]


def has_field_expiry(node: Node) -> bool:
    """Whether this server keeps an expiry of single fields of any hash: asked of INFO, as most hold none."""
    with suppress(redis.ResponseError):
        text = bytes(node.ask("INFO", "keyspace"))
        if b"keys=" not in text:
            return False
        # Valkey 9 and Redis 7.4 name their number differently; what names none knows no such thing.
        for word in (b"keys_with_volatile_items=", b"subexpiry="):
            if word in text:
                return any(not part.startswith(b"0") for part in text.split(word)[1:])
        return False
    return knows_field_expiry(node)


def knows_field_expiry(node: Node) -> bool:
    """Whether the server has the commands for it."""
    try:
        return node.ask("COMMAND", "INFO", "HPEXPIRETIME")[0] is not None
    except redis.ResponseError:
        return False


def _stream(node: Node, key: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    start = b"-"
    while entries := node.ask("XRANGE", key, start, "+", "COUNT", _PART):
        yield records.STREAM, [each for id_, fields in entries for each in (id_, b"%d" % len(fields), *fields)]
        start = b"(" + entries[-1][0]
    facts = _pairs(node.ask("XINFO", "STREAM", key))
    ids = [facts[b"last-generated-id"], b"%d" % facts[b"entries-added"], facts[b"max-deleted-entry-id"]]
    yield records.STREAM_IDS, ids
    for group in map(_pairs, node.ask("XINFO", "GROUPS", key)):
        name, read = group[b"name"], group[b"entries-read"]
        consumers = [_pairs(consumer)[b"name"] for consumer in node.ask("XINFO", "CONSUMERS", key, name)]
        yield records.GROUP, [name, group[b"last-delivered-id"], b"" if read is None else b"%d" % read, *consumers]
        for consumer in consumers:
            yield from _pending(node, key, name, consumer)


def _pending(node: Node, key: bytes, group: bytes, consumer: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    start = b"-"
    now = _milliseconds(node)
    while entries := node.ask("XPENDING", key, group, start, "+", _PART, consumer):
        times = [each for id_, _, idle, count in entries for each in (id_, b"%d" % (now - idle), b"%d" % count)]
        yield records.PENDING, [group, consumer, *times]
        start = b"(" + entries[-1][0]


def _milliseconds(node: Node) -> int:
    return server_ms(node.ask("TIME"))


def _ranged(ask: Callable[[int, int], list[bytes]]) -> Iterator[list[bytes]]:
    start = 0
    while part := ask(start, start + _PART - 1):
        yield part
        start += _PART


def _pairs(flat: Sequence[Any]) -> dict[bytes, Any]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _small(group: Sequence[bytes], found: Sequence[Any]) -> Iterator[Iterator[Piece]]:
    for key, value in zip(group, found, strict=True):
        if value:  # it may have expired or been deleted since it was listed
            kind, expires, values, expiries = value
            pieces = [Piece(key, expires, records.KINDS[kind.decode()], values)]
            if expiries:
                pieces.append(Piece(key, expires, records.FIELD_EXPIRY, expiries, first=False))
            yield iter(pieces)


def _whole(reply: Any) -> list[Any]:
    (found,) = _known([reply])
    return list(found)


def _known(replies: list[Any]) -> list[Any]:
    for reply in replies:
        if isinstance(reply, redis.ResponseError):
            # MOVED, ASK: the slot is on its way to another node, and this key would be missing.
            raise StoreUnavailable(f"the server would not read a key: {reply}") from reply
    return replies
