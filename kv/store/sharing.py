"""Whether two connections lead to one database: asked of the servers themselves, by a mark."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from types import SimpleNamespace
from typing import Any, Protocol

import redis
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured

from kv import keys
from kv.errors import StoreUnavailable
from kv.store.caches import ALIAS
from kv.store.nodes import Node, Nodes, open_nodes
from kv.store.places import cluster_clients, pools_of

_MARK_MS = 10_000
_PATIENCE_SECONDS = 2.0


class Asks(Protocol):
    """Whatever sends a command to one server."""

    def ask(self, *command: Any) -> Any:
        """Its reply."""


def caches_in_store() -> list[str]:
    """The aliases of caches that, whatever their settings look like, lie in the store's own database.

    A cache that does not answer is passed over. Raises StoreUnavailable when the store does not answer.
    """
    found = []
    with open_nodes() as store:
        for alias in caches.settings:
            if alias == ALIAS:
                continue
            try:
                with _connected(alias) as nodes:
                    if share_a_database(nodes, store):
                        found.append(alias)
            except (ImproperlyConfigured, ImportError, AttributeError, TypeError, ValueError):
                continue  # it can't be made: nobody will clear it
    return found


def share_a_database(others: Iterable[Asks], store: Nodes) -> bool:
    """Write a mark into the store, look for it through each of the others, and remove it again.

    Raises StoreUnavailable.
    """
    key = keys.mark(secrets.token_hex(8)).encode()
    holder = store.holding(key)
    holder.ask("SET", key, "1", "PX", _MARK_MS)
    try:
        return any(_has(other, key) for other in others)
    finally:
        holder.ask("DEL", key)


def _has(other: Asks, key: bytes) -> bool:
    try:
        return bool(other.ask("EXISTS", key))
    except (StoreUnavailable, redis.ResponseError):
        return False  # it does not answer, or another node of its cluster holds the slot and is asked itself


@contextmanager
def _connected(alias: str) -> Iterator[list[Node]]:
    """A connection of our own to each server of a cache; none for a cache that is no Redis."""
    backend = caches.create_connection(alias)
    with ExitStack() as stack:
        nodes = [
            stack.enter_context(closing(Node(alias, SimpleNamespace(connection_pool=pool), _PATIENCE_SECONDS)))
            for pool in pools_of(backend)
        ]
        for client in cluster_clients(backend):
            nodes += stack.enter_context(open_nodes(client))
        yield nodes
