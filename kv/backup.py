"""Every key of the project into one file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import redis

from kv import keys
from kv.backup_file import VERSION, Follow, Header, Record, Writer, write_backup
from kv.conf import app_settings
from kv.connection import Command
from kv.errors import StoreUnavailable
from kv.health import server_name
from kv.nodes import Node, Nodes, open_nodes

# Keys read in one round trip; and of one slot in one transaction, so that the server is never busy for long.
_BATCH = 256


def save_backup(path: Path, *, follow: Follow) -> int:
    """Write every key of every installed app to `path`; how many there were.

    Keys that share a hash tag (one user's, say) are read in one transaction, 256 at most, so that they fit together;
    different users' are read one after another while the site goes on. Values stream through; names are held.
    follow: is told how many keys there are and, after each batch, how many were looked at.
    Raises StoreUnavailable or OSError, leaving no file.
    """
    with open_nodes() as nodes:
        names = {node.name: sorted(set(node.scan()), key=lambda key: (_tag(key), key)) for node in nodes}
        with follow(sum(map(len, names.values()))) as meter, write_backup(path, _header(nodes)) as writer:
            for node in nodes:
                for batch in _batches(names[node.name]):
                    _read(node, batch, writer)
                    meter.advance(sum(map(len, batch)))
    return writer.count


def _header(nodes: Nodes) -> Header:
    name, version = server_name(next(iter(nodes)))
    server = f"{name} {'.'.join(map(str, version))}"
    return Header(VERSION, datetime.now(UTC).isoformat("T", "seconds"), app_settings.KV_PREFIX, server, keys.families())


def _read(node: Node, batch: list[list[bytes]], writer: Writer) -> None:
    skip = len(app_settings.KV_PREFIX.encode())
    commands: list[Command] = []
    for group in batch:
        commands.append(("MULTI",))
        for key in group:
            commands += [("DUMP", key), ("PEXPIRETIME", key)]
        commands.append(("EXEC",))
    replies = iter(node.ask_all(commands))
    for group in batch:
        values = [next(replies) for _ in range(2 * len(group) + 2)][-1]
        if isinstance(values, redis.ResponseError):
            # MOVED, ASK: the slot is on its way to another node, and this key would be missing.
            raise StoreUnavailable(f"the server would not read a key: {values}") from values
        for key, value, expires in zip(group, values[::2], values[1::2], strict=True):
            if value is not None:  # it may have expired or been deleted since it was listed
                writer.add(Record(key[skip:], expires, value))


def _batches(names: list[bytes]) -> Iterator[list[list[bytes]]]:
    """Round trips of groups of keys with one tag."""
    batch: list[list[bytes]] = []
    for group in _groups(names):
        if batch and sum(map(len, batch)) + len(group) > _BATCH:
            yield batch
            batch = []
        batch.append(group)
    if batch:
        yield batch


def _groups(names: list[bytes]) -> Iterator[list[bytes]]:
    for _, same in groupby(names, key=_tag):
        group = list(same)
        for start in range(0, len(group), _BATCH):
            yield group[start : start + _BATCH]


def _tag(key: bytes) -> bytes:
    """What decides the key's slot: the text in its first pair of braces, the key itself when there is none."""
    _, brace, after = key.partition(b"{")
    inner, end, _ = after.partition(b"}")
    return inner if brace and end and inner else key
