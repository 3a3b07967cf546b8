"""Whether two connections lead to one database: asked of the servers themselves, by a mark."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, Protocol

import redis

from kv import keys
from kv.nodes import Nodes

_MARK_MS = 10_000


class Asks(Protocol):
    """Whatever sends a command to one server."""

    def ask(self, *command: Any) -> Any:
        """Its reply."""


def share_a_database(others: Iterable[Asks], store: Nodes) -> bool:
    """Write a mark into the store, look for it through each of the others, and remove it again.

    Raises StoreUnavailable, or redis ResponseError.
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
    except redis.ResponseError as error:
        if str(error).startswith("MOVED"):  # another node of a cluster, which has answered for itself
            return False
        raise
