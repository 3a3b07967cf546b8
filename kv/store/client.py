"""The lean client of one server: redis-py's own connections in a stack, hiredis to pack, no retry.

Two thirds of a redis-py call is client code (retries, pool events, callbacks). A `LeanClient` keeps redis-py's own
public `Connection` objects, packs with hiredis, sends and reads: the same bytes for a third of the time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NoReturn, cast
from weakref import WeakSet

import hiredis
import redis
from redis.connection import ConnectionPool
from redis.sentinel import SentinelConnectionPool

from kv import keys
from kv.conf import app_settings
from kv.errors import NotReplicated, StoreUnavailable, raise_if_away, unavailable
from kv.store.circuit_breaker import CircuitBreaker

Arg = str | bytes | int | float
Command = tuple[Arg, ...]
# Its stub speaks of a tuple of one.
pack_command = cast("Callable[[Command], bytes]", hiredis.pack_command)
_SCRIPTS = {"EVALSHA": 3, "EVAL": 3, "EVALSHA_RO": 3, "EVAL_RO": 3}
# Where the first key stands, when it is not the first argument.
_KEY_POSITIONS = {**_SCRIPTS, "OBJECT": 2, "MEMORY": 2}
# A server that is idle looks ten times a second whether a WAIT has waited long enough.
_WAIT_MARGIN_MS = 110
_WITHOUT_KEY = {"PING", "ECHO", "TIME", "INFO", "CONFIG", "SCRIPT", "CLUSTER", "DBSIZE"}


_clients: WeakSet[LeanClient] = WeakSet()


class LeanClient:
    """Connections of one redis-py pool, each lent to one call at a time."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._idle: deque[Any] = deque()
        self._pid = os.getpid()
        self.timeout: float = pool.connection_kwargs.get("socket_timeout") or app_settings.KV_TIMEOUT_MS / 1000
        self._breaker = CircuitBreaker(self.timeout)
        self._by_sentinel = isinstance(pool, SentinelConnectionPool)
        kind = pool.connection_class
        is_socket = isinstance(kind, type) and issubclass(kind, redis.Connection | redis.UnixDomainSocketConnection)
        #: Whether its connections are plain sockets to a server that stays the same.
        self.is_plain = is_socket and not issubclass(kind, redis.SSLConnection) and not self._by_sentinel
        #: Grows when the server's name or address may lead to another one by now: what was opened before is closed.
        self.age = 0
        _clients.add(self)

    def close(self) -> None:
        """Close the connections that no call has; the next call opens one anew."""
        while self._idle:
            self._idle.pop().disconnect()

    @property
    def is_silent(self) -> bool:
        """Whether the circuit breaker is open."""
        return self._breaker.is_open

    def note(self, error: BaseException) -> None:
        """Tell the circuit breaker of a failed call."""
        self._breaker.note(error)

    def open_socket(self) -> Any:
        """A socket of a new connection, authenticated and set up; the caller closes it. Raises redis errors."""
        connection: Any = self._pool.make_connection()
        try:
            connection.connect()
        except BaseException:
            connection.disconnect()
            raise
        opened, connection._sock = connection._sock, None  # noqa: SLF001 (or it would close it)
        return opened

    def send_one(self, command: Command) -> Any:
        """Write one command and read its reply."""
        if self._breaker.is_open:
            with self._breaker.half_open():
                return self._send_one(command)
        return self._send_one(command)

    def _send_one(self, command: Command) -> Any:
        connection = self._take()
        try:
            connection.send_packed_command([pack_command(command)], check_health=False)
            return connection.read_response()
        except BaseException as error:  # noqa: BLE001 (raised again)
            self._fail(connection, error)
        finally:
            self._idle.append(connection)

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Write all commands, then read as many replies; an error reply is a ResponseError among them."""
        if self._breaker.is_open:
            with self._breaker.half_open():
                return self._exchange(commands)
        return self._exchange(commands)

    def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        connection = self._take()
        try:
            connection.send_packed_command([b"".join(map(pack_command, commands))], check_health=False)
            return [self._reply(connection) for _ in commands]
        except BaseException as error:  # noqa: BLE001 (raised again)
            self._fail(connection, error)
        finally:
            self._idle.append(connection)

    def send(self, commands: Sequence[Command]) -> list[Any]:
        """The same; an error reply raises."""
        replies = self.exchange(commands)
        try:
            return raise_first(replies)
        except StoreUnavailable:
            self._refused()
            raise

    def send_and_wait(self, command: Command, replicas: int) -> Any:
        """The command and WAIT on the same connection, in one write. Raises NotReplicated."""
        try:
            return confirmed(self.send([command, *wait_commands(command, replicas)]), replicas)
        except NotReplicated:
            self._refused()
            raise

    def _reply(self, connection: Any) -> Any:
        try:
            return connection.read_response()
        except redis.ResponseError as error:
            if isinstance(error, redis.ReadOnlyError):
                self.outdate()
            return error

    def outdate(self) -> None:
        """Close what was opened before now, once it has its replies.

        After READONLY: behind the address was a primary, which is a replica now. A new connection finds its successor.
        """
        self.age += 1

    def _refused(self) -> None:
        # An old primary that wakes, or is cut off from the others, answers as before until the sentinels get through to
        # it, ten seconds and more after they named its successor.
        if self._by_sentinel:
            self.outdate()

    def _fail(self, connection: Any, error: BaseException) -> NoReturn:
        self._breaker.note(error)
        if isinstance(error, redis.ReadOnlyError):
            self.outdate()
        try:
            _clean_up(connection, error)
        except StoreUnavailable:
            self._refused()
            raise
        raise error

    def _take(self) -> Any:
        if self._pid != os.getpid():  # forked: the parent's sockets are the parent's
            self._idle, self._pid = deque(), os.getpid()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._pool.make_connection()
        if getattr(connection, "kv_age", None) != self.age:
            connection.disconnect()
            connection.kv_age = self.age
        try:
            if connection.is_connected:
                # A connection that the server closed while it was idle is found here, before anything is sent.
                if not connection.can_read(0):
                    return connection
                connection.disconnect()
        except redis.RedisError:
            connection.disconnect()
        try:
            connection.connect()
        except BaseException as error:
            connection.disconnect()
            self._idle.append(connection)
            self._breaker.note(error)
            if isinstance(error, (redis.RedisError, OSError)):
                raise unavailable(error) from error
            raise
        return connection


def close_clients() -> None:
    """Close the connections of every client that no call has."""
    for client in list(_clients):
        client.close()


@lru_cache(maxsize=64)
def client_of(pool: ConnectionPool) -> LeanClient:
    """The one client of a pool."""
    return LeanClient(pool)


def wait_commands(command: Command, replicas: int) -> tuple[Command, ...]:
    """What follows a write on the same connection, so that it is acknowledged only when so many replicas have it.

    WAIT looks at the last write of its own connection. A repeated operation writes nothing, and Valkey 9.1 then answers
    with all replicas at once, whether they have the first attempt or not. So an extra write is sent before WAIT.
    WAIT still answers within the read timeout.
    """
    key = first_key(command)
    mark = keys.waited(key.decode() if isinstance(key, bytes) else key or "")
    return ("SET", mark, "", "PX", 1000), ("WAIT", replicas, max(app_settings.KV_TIMEOUT_MS - _WAIT_MARGIN_MS, 1))


def confirmed(replies: Sequence[Any], replicas: int) -> Any:
    """The reply of a write sent with `wait_commands`. Raises NotReplicated when too few replicas have it."""
    reply, _, count = replies
    if count < replicas:
        raise NotReplicated(f"{count} of {replicas} replicas")
    return reply


def first_key(command: Command) -> str | bytes | None:
    """The key that says which node a command belongs to; None for a command that any node may answer."""
    name = str(command[0])
    position = _KEY_POSITIONS.get(name, 1)
    if name in _WITHOUT_KEY or len(command) <= position or (name in _SCRIPTS and not int(command[2])):
        return None
    key = command[position]
    return key if isinstance(key, (str, bytes)) else str(key)


def raise_first(replies: list[Any]) -> list[Any]:
    """The replies. Raises the first error among them, as StoreUnavailable when that is what it means."""
    for reply in replies:
        if isinstance(reply, redis.ResponseError):
            raise_if_away(reply)
            raise reply
    return replies


def _clean_up(connection: Any, error: BaseException) -> None:
    """Leave the connection fit for its next caller. Raises StoreUnavailable for an error that means it."""
    if isinstance(error, redis.ResponseError):
        raise_if_away(error)
        return
    connection.disconnect()  # a reply may still be on its way: it must not meet the next caller
    if isinstance(error, (redis.RedisError, OSError)):
        raise unavailable(error) from error
