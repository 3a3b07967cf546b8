"""Every server that holds a part of the store, one by one, for the jobs that visit all keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import redis
from redis.cluster import RedisCluster

from kv import keys
from kv.conf import app_settings
from kv.errors import StoreUnavailable, raise_if_away, store_errors
from kv.store.client import pack_command
from kv.store.connection import Command, connection

# A batch of a long job may take its time where a page's request may not.
_TIMEOUT_SECONDS = 30.0
_SCAN_COUNT = 1000


class Node:
    """One primary, on a separate connection that waits longer than KV_TIMEOUT_MS."""

    def __init__(self, name: str, client: Any, timeout: float = _TIMEOUT_SECONDS) -> None:
        self.name = name
        pool = client.connection_pool
        # Not one of the pool's own: those are counted, and this one is closed. RESP2 gives flat lists for all types.
        self._connection = pool.connection_class(**{**pool.connection_kwargs, "protocol": 2})
        self._connection.socket_timeout = timeout

    def ask(self, *command: Any) -> Any:
        """Send one command, return its reply. Raises StoreUnavailable or redis ResponseError."""
        (reply,) = self.ask_all([command])
        if isinstance(reply, redis.ResponseError):
            raise reply
        return reply

    def ask_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send several commands in one round trip, return their replies; an error reply is a ResponseError among them.

        Raises StoreUnavailable.
        """
        if not commands:
            return []
        with store_errors():
            if not self._connection.is_connected:
                # Sending would connect too, but past the embedded server's start and the sentinel's address.
                self._connection.connect()
            self._connection.send_packed_command([b"".join(map(pack_command, commands))], check_health=False)
            return [self._reply() for _ in commands]

    def scan(self, prefix: str | None = None, families: Sequence[str] | None = None) -> Iterator[bytes]:
        """Every key of the project on this node, its prefix included; those that come and go meanwhile may be missed.

        prefix: KV_PREFIX when it is None. families: those that are backed up when it is None.
        A key may be named twice.
        """
        prefix = app_settings.KV_PREFIX if prefix is None else prefix
        families = keys.families() if families is None else families
        beginnings = tuple(f"{prefix}{family}".encode() for family in families)
        cursor: Any = 0
        while True:
            cursor, found = self.ask("SCAN", cursor, "MATCH", keys.everything(prefix), "COUNT", _SCAN_COUNT)
            yield from (key for key in found if key.startswith(beginnings))
            if int(cursor) == 0:
                return

    def close(self) -> None:
        """Close the connection."""
        self._connection.disconnect()

    def _reply(self) -> Any:
        try:
            return self._connection.read_response()
        except redis.ResponseError as error:
            raise_if_away(error)
            return error


class Nodes:
    """All primaries of the store: one, or a cluster's."""

    def __init__(self, nodes: Sequence[Node], cluster: Any = None) -> None:
        self._by_name = {node.name: node for node in nodes}
        self._cluster = cluster

    def __iter__(self) -> Iterator[Node]:
        return iter(self._by_name.values())

    def holding(self, key: bytes) -> Node:
        """The node that holds the key's slot. Raises StoreUnavailable when none does."""
        if self._cluster is None:
            return next(iter(self))
        with store_errors():
            found = self._cluster.get_node_from_key(key)
        if found is None or found.name not in self._by_name:
            raise StoreUnavailable("the cluster is changing its shape; try again when it is done")
        return self._by_name[found.name]


@contextmanager
def open_nodes(client: Any = None) -> Iterator[Nodes]:
    """The primaries of the store, or of another that `client` leads to, each on a patient connection.

    Raises StoreUnavailable.
    """
    with ExitStack() as stack, store_errors():
        client = connection() if client is None else client
        if not isinstance(client, RedisCluster):
            yield Nodes([stack.enter_context(closing(Node("store", client)))])
            return
        cluster: Any = client
        nodes = [
            stack.enter_context(closing(Node(node.name, cluster.get_redis_connection(node))))
            for node in cluster.get_primaries()
        ]
        yield Nodes(nodes, cluster)
