"""The one way to the durable store: `connection()` for the client, `call` and `call_many` for lean commands.

Two thirds of a redis-py call is client code (retries, pool events, callbacks). A `Wire` keeps redis-py's own public
`Connection` objects in a stack, packs with hiredis, sends and reads: the same bytes for a third of the time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, cast

import hiredis
import redis
from django.core.signals import setting_changed
from django_redis import get_redis_connection
from redis.cluster import RedisCluster
from redis.connection import ConnectionPool

from kv.caches import ALIAS
from kv.conf import app_settings
from kv.errors import NotReplicated, StoreUnavailable, raise_if_away, store_errors

Word = str | bytes | int | float
Command = tuple[Word, ...]
# Its stub speaks of a tuple of one.
pack_command = cast("Callable[[Command], bytes]", hiredis.pack_command)


def connection() -> Any:
    """The durable store's redis-py client (Redis or RedisCluster), through django-redis's `get_redis_connection`.

    Its own errors are redis-py's; wrap its use in `kv.errors.store_errors()`. For one command or script prefer `call`.
    """
    return get_redis_connection(ALIAS)


def call(*command: Word) -> Any:
    """Send one command, return its reply (bytes, ints, lists). Raises StoreUnavailable, or redis ResponseError."""
    return _wire().send_one(command)


def call_many(commands: Sequence[Command]) -> list[Any]:
    """Send several commands in one round trip; not a transaction. An error reply raises once all replies are read."""
    return _wire().send(commands)


def call_write(*command: Word) -> Any:
    """Send one writing command; with KV_WAIT_REPLICAS, return only when so many replicas have it.

    Raises NotReplicated when they did not confirm in time: the write may stand, so repeat it under the same id.
    """
    replicas = app_settings.KV_WAIT_REPLICAS
    if not replicas:
        return _wire().send_one(command)
    return _wire().send_and_wait(command, replicas)


class Wire:
    """Connections of one redis-py pool, each lent to one call at a time."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._idle: deque[Any] = deque()
        self._pid = os.getpid()

    def send_one(self, command: Command) -> Any:
        """Write one command and read its reply."""
        line = self._take()
        try:
            line.send_packed_command([pack_command(command)], check_health=False)
            return line.read_response()
        except BaseException as error:
            _settle(line, error)
            raise
        finally:
            self._idle.append(line)

    def send(self, commands: Sequence[Command]) -> list[Any]:
        """Write all commands, then read as many replies."""
        line = self._take()
        try:
            line.send_packed_command([b"".join(map(pack_command, commands))], check_health=False)
            return _replies(line, len(commands))
        except BaseException as error:
            _settle(line, error)
            raise
        finally:
            self._idle.append(line)

    def send_and_wait(self, command: Command, replicas: int) -> Any:
        """The command and WAIT on the same connection, in one write."""
        milliseconds = max(app_settings.KV_TIMEOUT_MS - 50, 1)
        reply, reached = self.send([command, ("WAIT", replicas, milliseconds)])
        if reached < replicas:
            raise NotReplicated(f"{reached} of {replicas} replicas")
        return reply

    def _take(self) -> Any:
        if self._pid != os.getpid():  # forked: the parent's sockets are the parent's
            self._idle, self._pid = deque(), os.getpid()
        try:
            line = self._idle.pop()
        except IndexError:
            line = self._pool.make_connection()
        try:
            if line.is_connected:
                # A server that went away while the line rested is seen here, before anything is sent.
                if not line.can_read(0):
                    return line
                line.disconnect()
        except redis.RedisError:
            line.disconnect()
        try:
            line.connect()
        except BaseException as error:
            line.disconnect()
            self._idle.append(line)
            if isinstance(error, (redis.RedisError, OSError)):
                raise StoreUnavailable(type(error).__name__) from error
            raise
        return line


class ClusterWire:
    """The same calls over redis-py's cluster client, which finds the node by the key."""

    def __init__(self, client: RedisCluster) -> None:
        self._client: Any = client  # redis-py leaves most of its methods untyped

    def send_one(self, command: Command) -> Any:
        """One command, to the node that holds its key."""
        with store_errors():
            return self._client.execute_command(*command)

    def send(self, commands: Sequence[Command]) -> list[Any]:
        """Several commands, as a pipeline by node."""
        with store_errors():
            pipeline = self._client.pipeline()
            for command in commands:
                pipeline.execute_command(*command)
            return list(pipeline.execute())

    def send_and_wait(self, command: Command, replicas: int) -> Any:
        """The command, then WAIT, on one connection of the node that holds the first key."""
        with store_errors():
            node = self._client.get_node_from_key(_first_key(command))
        if node is None:
            raise StoreUnavailable("no node holds the key's slot")
        try:
            return _pool_wire(self._client.get_redis_connection(node).connection_pool).send_and_wait(command, replicas)
        except redis.ResponseError as error:
            if str(error).startswith(("MOVED", "ASK")) or isinstance(error, redis.exceptions.AskError):
                # The slot is elsewhere now and nothing was written here; the next call asks the new node.
                self._client.nodes_manager.initialize()
                raise StoreUnavailable("the slot is moving") from error
            raise


def _first_key(command: Command) -> str | bytes:
    position = 3 if command[0] in ("EVALSHA", "EVAL") else 1
    key = command[position]
    return key if isinstance(key, (str, bytes)) else str(key)


def _settle(line: Any, error: BaseException) -> None:
    """Leave the line fit for its next caller, and raise StoreUnavailable for what means that the store is away."""
    if isinstance(error, redis.ResponseError):
        raise_if_away(error)
        return
    line.disconnect()  # a reply may still be on its way: it must not meet the next caller
    if isinstance(error, (redis.RedisError, OSError)):
        raise StoreUnavailable(type(error).__name__) from error


def _replies(line: Any, count: int) -> list[Any]:
    replies: list[Any] = []
    refused: redis.ResponseError | None = None
    for _ in range(count):
        try:
            replies.append(line.read_response())
        except redis.ResponseError as error:
            refused = refused or error
    if refused is not None:
        raise refused
    return replies


@lru_cache(maxsize=64)
def _pool_wire(pool: ConnectionPool) -> Wire:
    return Wire(pool)


@lru_cache(maxsize=1)
def _wire() -> Wire | ClusterWire:
    with store_errors():
        client = connection()
    if isinstance(client, RedisCluster):
        return ClusterWire(client)
    return _pool_wire(client.connection_pool)


def forget_connections() -> None:
    """Look the connection up anew at the next call: for tests, and after CACHES has changed."""
    _wire.cache_clear()


def _on_setting_changed(*, setting: str, **_: Any) -> None:
    if setting == "CACHES":
        forget_connections()


setting_changed.connect(_on_setting_changed)
