"""A store with one key of every kind, saved and put back."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from kv.backup import restore
from kv.backup import save as saving
from kv.backup.progress import Meter

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(embedded_store: Any) -> Any:
    """One server with every key type there is."""
    return embedded_store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "counts.backup"


def quietly(total: int) -> Any:
    return nullcontext(Meter())


def save(path: Path) -> int:
    return saving.save_backup(path, follow=quietly)


def put_back(path: Path, *, replace: bool = False) -> restore.Restored:
    return restore.restore_backup(path, replace=replace, follow=quietly)


def fill(store: Any, prefix: str = "") -> None:
    """One key of every type and encoding."""
    name = f"{prefix}{{stats}}:"
    store.set(f"{name}string", b"\x00\xff bytes \r\n")
    store.set(f"{name}number", 2**53 + 1)
    store.set(f"{name}expiring", "soon", px=86_400_000)
    store.setbit(f"{name}bits", 70_000, 1)
    store.sadd(f"{name}intset", *range(0, 5000, 7))
    store.sadd(f"{name}listpack", "a", "b")
    store.sadd(f"{name}hashtable", *(f"member {number}" * 5 for number in range(600)))
    store.hset(f"{name}hash", mapping={"a": 1, "b": b"\xfe"})
    store.hset(f"{name}big_hash", mapping={f"field {number}": "x" * 100 for number in range(600)})
    store.hset(f"{name}field_ttl", mapping={"stays": 1, "goes": 2})
    store.hpexpire(f"{name}field_ttl", 86_400_000, "goes")
    store.rpush(f"{name}list", *range(300))
    store.zadd(f"{name}zset", {"a": 1.5, "b": float("inf"), "c": -0.1})
    store.zadd(f"{name}skiplist", {f"member {number}": number / 3 for number in range(600)})
    store.pfadd(f"{name}hll", *range(5000))
    for number in range(20):
        store.xadd(f"{name}stream", {"n": number}, id=f"{number + 1}-1")
    store.xgroup_create(f"{name}stream", "readers", "5-1")
    store.xreadgroup("readers", "one", {f"{name}stream": ">"}, count=3)
    store.set(f"{prefix}{{usage}}:payment-qr", 3)


def contents(store: Any) -> dict[bytes, Any]:
    """Everything of the store that a reader could tell apart."""
    read = {
        b"string": store.get,
        b"hash": lambda key: (store.hgetall(key), store.hpexpiretime(key, *sorted(store.hkeys(key)))),
        b"list": lambda key: store.lrange(key, 0, -1),
        b"set": lambda key: set(store.smembers(key)),
        b"zset": lambda key: store.zrange(key, 0, -1, withscores=True),
        b"stream": lambda key: (
            store.xrange(key), store.xpending(key, "readers"), store.xinfo_stream(key),
            store.xinfo_consumers(key, "readers")[0]["pending"],
        ),
    }  # fmt: skip
    return {
        key: (read[store.type(key)](key), store.object("ENCODING", key), store.pexpiretime(key))
        for key in store.scan_iter(count=1000)
    }
