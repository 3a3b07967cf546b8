"""What one Redis or Valkey holds, read with redis-py alone, and a store to stand on for a moment."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import override_settings

from kv.store.caches import durable_cache
from kv.store.connection import connection
from tests.engines import redis7

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_redis7 = pytest.mark.skipif(not shutil.which("redis-server"), reason="needs Debian's redis-server")


@contextmanager
def standing_on(url: str) -> Iterator[Any]:
    """CACHES["kv"] is there within the block; its client."""
    with override_settings(CACHES={**settings.CACHES, "kv": durable_cache(url, timeout_ms=5000)}):
        yield connection()


@contextmanager
def redis_7() -> Iterator[str]:
    """The address of a Redis 7.0."""
    with redis7() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


def plain(client: Any) -> dict[bytes, Any]:
    """Every key: its type, its value and when it expires; nothing that only one kind of server knows."""
    read = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": lambda key: set(client.smembers(key)),
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"stream": lambda key: (client.xrange(key), _without_times(client.xinfo_stream(key)), _groups(client, key)),
    }  # fmt: skip
    return {
        key: (kind, read[kind](key), client.pexpiretime(key))
        for key in client.scan_iter(count=1000)
        for kind in [client.type(key)]
    }


def _groups(client: Any, key: bytes) -> list[Any]:
    """The groups of a stream, and what each consumer has not acknowledged."""
    found = []
    for group in client.xinfo_groups(key):
        for consumer in client.xinfo_consumers(key, group["name"]):
            waiting = client.xpending_range(key, group["name"], "-", "+", 1000, consumername=consumer["name"])
            found.append((consumer["name"], [(entry["message_id"], entry["times_delivered"]) for entry in waiting]))
        found.append(group)
    return found


def _without_times(facts: dict[str, Any]) -> dict[str, Any]:
    """Without how the server keeps it."""
    return {name: value for name, value in facts.items() if "radix" not in name and "seen" not in name}
