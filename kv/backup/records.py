"""A key by value: what is read of it, kept in a file, compared, and written to another server.

One key is one or more pieces, in this order. Values are bytes, as the server gives and takes them.

    s  string:  [value]; a HyperLogLog is one, too
    l  list:    [element, …] from left to right
    e  set:     [member, …]
    z  zset:    [member, score, …]; scores as text of 17 digits, which names each double exactly
    h  hash:    [field, value, …]
    t  hash:    [field, its own expiry in ms since 1970, …]
    x  stream:  [id, number of fields and values, field, value, …, id, …]
    i  stream:  [last id, entries ever added, highest deleted id]
    g  stream:  [group, last delivered id, entries read or nothing, consumer, …]
    p  stream:  [group, consumer, id, delivered at (ms), times delivered, id, …]: what was not acknowledged
    d  any:     [what DUMP gives]; from files of version 1 alone
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from kv.store.connection import Command

STRING, LIST, SET, ZSET, HASH, STREAM, DUMP = b"s", b"l", b"e", b"z", b"h", b"x", b"d"
FIELD_EXPIRY, STREAM_IDS, GROUP, PENDING = b"t", b"i", b"g", b"p"
#: By what TYPE answers.
KINDS = {"string": STRING, "list": LIST, "set": SET, "zset": ZSET, "hash": HASH, "stream": STREAM}
ALL = frozenset({*KINDS.values(), DUMP, FIELD_EXPIRY, STREAM_IDS, GROUP, PENDING})
NAMES = {kind: name for name, kind in KINDS.items()}
# Arguments of one command; more of them keep the server busy for long.
_ARGUMENTS = 2000


class Piece(NamedTuple):
    """A part of one key. expires: ms since 1970, -1 = never; first: whether the key begins with it."""

    key: bytes
    expires: int
    kind: bytes
    values: Sequence[bytes]
    first: bool = True


def commands(piece: Piece, key: bytes, *, field_expiry: bool) -> Iterator[Command]:
    """What writes the piece under `key`; the first one replaces what is there.

    field_expiry: whether the server knows an expiry of single fields; where it does not, fields never expire.
    Raises ValueError when the values are no such piece.
    """
    kind, values, expires = piece.kind, piece.values, piece.expires
    if kind == STRING:
        (value,) = values
        yield ("SET", key, value) if expires < 0 else ("SET", key, value, "PXAT", expires)
        return
    if kind == DUMP:
        (value,) = values
        yield ("RESTORE", key, max(expires, 0), value, "REPLACE", "ABSTTL")
        return
    if piece.first:
        yield ("DEL", key)
        if kind == STREAM_IDS:
            yield from _empty_stream(key, last=values[0])
    if kind != FIELD_EXPIRY or field_expiry:
        yield from _WRITES[kind](key, values)
    if expires >= 0:
        # After each piece: a piece that arrives after the key expired must not create a part of it without expiry.
        yield ("PEXPIREAT", key, expires)


def _list(key: bytes, values: Sequence[bytes]) -> Iterator[Command]:
    return _in_parts("RPUSH", key, values)


def _set(key: bytes, values: Sequence[bytes]) -> Iterator[Command]:
    return _in_parts("SADD", key, values)


def _hash(key: bytes, values: Sequence[bytes]) -> Iterator[Command]:
    return _in_parts("HSET", key, values)


def _zset(key: bytes, values: Sequence[bytes]) -> Iterator[Command]:
    pairs = zip(values[1::2], values[::2], strict=True)
    return _in_parts("ZADD", key, [each for pair in pairs for each in pair])


def _field_expiry(key: bytes, values: Sequence[bytes]) -> Iterator[Command]:
    for field, at in zip(values[::2], values[1::2], strict=True):
        yield ("HPEXPIREAT", key, int(at), "FIELDS", 1, field)


def _stream(key: bytes, values: Sequence[bytes]) -> Iterator[Command]:
    for name, fields in stream_entries(values):
        yield ("XADD", key, name, *fields)


def _stream_ids(key: bytes, values: Sequence[bytes]) -> Iterator[Command]:
    last, added, deleted = values
    yield ("XSETID", key, last, "ENTRIESADDED", added, "MAXDELETEDID", deleted)


def _empty_stream(key: bytes, last: bytes) -> Iterator[Command]:
    if last == b"0-0":  # nothing was ever added: such a stream is made with a group alone
        yield ("XGROUP", "CREATE", key, "-", "$", "MKSTREAM")
        yield ("XGROUP", "DESTROY", key, "-")
    else:
        yield ("XADD", key, last, "-", "-")
        yield ("XDEL", key, last)


def _group(key: bytes, values: Sequence[bytes]) -> Iterator[Command]:
    group, last, read, *consumers = values
    yield ("XGROUP", "CREATE", key, group, last, "MKSTREAM", *(("ENTRIESREAD", read) if read else ()))
    for consumer in consumers:
        yield ("XGROUP", "CREATECONSUMER", key, group, consumer)


def _pending(key: bytes, values: Sequence[bytes]) -> Iterator[Command]:
    group, consumer, *rest = values
    for name, at, times in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        yield ("XCLAIM", key, group, consumer, 0, name, "TIME", at, "RETRYCOUNT", times, "FORCE", "JUSTID")


_WRITES: dict[bytes, Callable[[bytes, Sequence[bytes]], Iterator[Command]]] = {
    LIST: _list, SET: _set, HASH: _hash, ZSET: _zset, FIELD_EXPIRY: _field_expiry, STREAM: _stream,
    STREAM_IDS: _stream_ids, GROUP: _group, PENDING: _pending,
}  # fmt: skip


def stream_entries(values: Sequence[bytes]) -> Iterator[tuple[bytes, Sequence[bytes]]]:
    """The entries of a piece of a stream. Raises ValueError when they are none."""
    place = 0
    while place < len(values):
        count = int(values[place + 1])
        fields = values[place + 2 : place + 2 + count]
        if count < 1 or len(fields) != count:
            raise ValueError("a stream's entry is cut short")
        yield values[place], fields
        place += 2 + count


def content(pieces: Iterable[Piece]) -> Any:
    """One key's value in a form that is equal when the values are: order counts in lists and streams alone."""
    found: dict[bytes, Any] = {}
    for kind, values in ((piece.kind, piece.values) for piece in pieces):
        if kind == SET:
            found.setdefault(kind, set()).update(values)
        elif kind in (HASH, FIELD_EXPIRY):
            found.setdefault(kind, {}).update(zip(values[::2], values[1::2], strict=True))
        elif kind == ZSET:
            found.setdefault(kind, {}).update(zip(values[::2], map(float, values[1::2]), strict=True))
        elif kind == GROUP:
            group, last, read, *consumers = values
            found.setdefault(kind, {})[group] = (last, read, frozenset(consumers))
        elif kind == PENDING:
            # When it was delivered is known to a few milliseconds only.
            known = zip(values[2::3], values[4::3], strict=True)
            found.setdefault(kind, {}).setdefault((values[0], values[1]), []).extend(known)
        else:
            found.setdefault(kind, []).extend(values)
    return found


def check(kind: bytes, values: Sequence[bytes]) -> None:
    """Raise ValueError when the values can't be a piece of that kind."""
    if kind not in ALL:
        raise ValueError(f"unknown kind of value {kind!r}")
    if kind in (STRING, DUMP) and len(values) != 1:
        raise ValueError("not one value")
    if kind in (HASH, ZSET, FIELD_EXPIRY):
        _even(values)
    if kind == STREAM:
        for _ in stream_entries(values):
            pass
    if len(values) < _LEAST.get(kind, 0):
        raise ValueError("something is missing")


_LEAST = {STREAM_IDS: 3, GROUP: 3, PENDING: 2}


def _in_parts(name: str, key: bytes, values: Sequence[bytes]) -> Iterator[Command]:
    for start in range(0, len(values), _ARGUMENTS):
        yield (name, key, *values[start : start + _ARGUMENTS])


def _even(values: Sequence[bytes]) -> None:
    if len(values) % 2:
        raise ValueError("a pair is cut short")
