"""Every key of the project into one file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from kv import keys
from kv.backup.file import VERSION, Header, write_backup
from kv.backup.names import KeyNames
from kv.backup.progress import Follow
from kv.backup.reader import ValueReader
from kv.conf import app_settings
from kv.store.connection import call_write
from kv.store.health import server_name
from kv.store.nodes import Nodes, open_nodes
from kv.times import to_ms, utc_now


def save_backup(path: Path, *, follow: Follow) -> int:
    """Write every key of every installed app to `path`, by value; how many there were.

    Keys that share a hash tag (one user's, say) are read together, 64 at most, so that they fit together; different
    users' are read one after another while the site goes on. A key that is made or deleted meanwhile may be missing.
    Memory does not grow with the number of keys: names beyond 50 000 wait in a temporary file.
    follow: gets the number of keys and, part by part, how many are done.
    Raises StoreUnavailable or OSError, leaving no file.
    """
    skip = len(app_settings.KV_PREFIX.encode())
    with open_nodes() as nodes:
        for_node = [(node, KeyNames().extend(node.scan())) for node in nodes]
        with follow(sum(names.count for _, names in for_node)) as meter, write_backup(path, _header(nodes)) as writer:
            for node, names in for_node:
                reader = ValueReader(node)
                with names:
                    for part in names.parts():
                        for key in reader.read(part):
                            for piece in key:
                                writer.add(piece._replace(key=piece.key[skip:]) if skip else piece)
                        meter.advance(len(part))
    return writer.count


def note_backup(*, now: datetime | None = None) -> None:
    """Write down that a backup is complete, for the admin's index and for metrics. Raises StoreUnavailable."""
    call_write("SET", keys.backed_up(), to_ms(now or utc_now()))


def _header(nodes: Nodes) -> Header:
    name, version = server_name(next(iter(nodes)))
    server = f"{name} {'.'.join(map(str, version))}"
    return Header(VERSION, datetime.now(UTC).isoformat("T", "seconds"), app_settings.KV_PREFIX, server, keys.families())
