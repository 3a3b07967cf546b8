"""Each server of the store, one by one: whether it answers, how quickly, and what it says of itself. For metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import redis
from redis.cluster import RedisCluster

from kv.conf import app_settings
from kv.errors import StoreUnavailable, store_errors
from kv.store.connection import connection
from kv.store.health import node_info
from kv.store.nodes import Node

# All nodes are asked at once; one of them gets a connection, a PING and an INFO, each within KV_TIMEOUT_MS. Looking up
# a name has no limit of its own.
_TIMEOUTS = 4
_MOST_AT_ONCE = 32


@dataclass(frozen=True)
class NodeHealth:
    """One server. Figures are None where it does not answer or INFO is forbidden.

    name: `store`, or host:port in a cluster. role: `primary` or `replica`. seconds: one PING on an open connection.
    replicas: those that are connected to it. persistent: its last write to the append-only file succeeded.
    """

    name: str
    role: str
    ok: bool
    seconds: float | None = None
    memory: int | None = None
    clients: int | None = None
    replicas: int | None = None
    persistent: bool | None = None


def measure_nodes() -> list[NodeHealth]:
    """Every node, by name; never raises, and takes a second or so at most with the default KV_TIMEOUT_MS."""
    timeout = app_settings.KV_TIMEOUT_MS / 1000
    try:
        found = list(_known_nodes())
    except StoreUnavailable:
        return [NodeHealth("store", "primary", ok=False)]
    threads = ThreadPoolExecutor(min(len(found), _MOST_AT_ONCE), thread_name_prefix="node")
    try:
        running = {threads.submit(_measure, name, role, client, timeout): (name, role) for name, role, client in found}
        done, _ = wait(running, timeout * _TIMEOUTS)
        measured = [
            future.result() if future in done else NodeHealth(name, role, ok=False)
            for future, (name, role) in running.items()
        ]
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    return sorted(measured, key=lambda node: node.name)


def _known_nodes() -> Iterator[tuple[str, str, Any]]:
    """Name, role and client of each. Raises StoreUnavailable."""
    with store_errors():
        client: Any = connection()
        if not isinstance(client, RedisCluster):
            yield "store", "primary", client
            return
        cluster: Any = client
        for node in cluster.get_nodes():
            yield node.name, node.server_type or "primary", cluster.get_redis_connection(node)


def _measure(name: str, role: str, client: Any, timeout: float) -> NodeHealth:
    with closing(Node(name, client, timeout)) as node:
        try:
            node.ask("PING")
            began = time.perf_counter()
            node.ask("PING")
            seconds = time.perf_counter() - began
            facts = node_info(node, "everything")
        except (StoreUnavailable, redis.RedisError, OSError):
            return NodeHealth(name, role, ok=False)
    return NodeHealth(
        name,
        role,
        ok=True,
        seconds=seconds,
        memory=_number(facts, "used_memory"),
        clients=_number(facts, "connected_clients"),
        replicas=_number(facts, "connected_slaves"),
        persistent=facts["aof_last_write_status"] == "ok" if "aof_last_write_status" in facts else None,
    )


def _number(facts: dict[str, str], name: str) -> int | None:
    return int(facts[name]) if facts.get(name, "").isdecimal() else None
