"""The lean way to one server: redis-py's own connections in a stack, hiredis to pack, no retry.

Two thirds of a redis-py call is client code (retries, pool events, callbacks). A `Wire` keeps redis-py's own public
`Connection` objects, packs with hiredis, sends and reads: the same bytes for a third of the time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, cast

import hiredis
import redis
from redis.connection import ConnectionPool

from kv.conf import app_settings
from kv.errors import NotReplicated, StoreUnavailable, raise_if_away

Word = str | bytes | int | float
Command = tuple[Word, ...]
# Its stub speaks of a tuple of one.
pack_command = cast("Callable[[Command], bytes]", hiredis.pack_command)


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

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Write all commands, then read as many replies; an error reply is a ResponseError among them."""
        line = self._take()
        try:
            line.send_packed_command([b"".join(map(pack_command, commands))], check_health=False)
            return [_reply(line) for _ in commands]
        except BaseException as error:
            _settle(line, error)
            raise
        finally:
            self._idle.append(line)

    def send(self, commands: Sequence[Command]) -> list[Any]:
        """The same; an error reply raises."""
        return raise_first(self.exchange(commands))

    def send_and_wait(self, command: Command, replicas: int) -> Any:
        """The command and WAIT on the same connection, in one write. Raises NotReplicated."""
        return reached(self.send([command, wait_for(replicas)]), replicas)

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


@lru_cache(maxsize=64)
def wire_of(pool: ConnectionPool) -> Wire:
    """The one wire of a pool."""
    return Wire(pool)


def wait_for(replicas: int) -> Command:
    """The WAIT that still answers within the read timeout."""
    return ("WAIT", replicas, max(app_settings.KV_TIMEOUT_MS - 50, 1))


def reached(replies: Sequence[Any], replicas: int) -> Any:
    """The reply of a write whose WAIT stands behind it. Raises NotReplicated when too few replicas have it."""
    reply, count = replies
    if count < replicas:
        raise NotReplicated(f"{count} of {replicas} replicas")
    return reply


def raise_first(replies: list[Any]) -> list[Any]:
    """The replies. Raises the first error among them, as StoreUnavailable when it says that the store is away."""
    for reply in replies:
        if isinstance(reply, redis.ResponseError):
            raise_if_away(reply)
            raise reply
    return replies


def _reply(line: Any) -> Any:
    try:
        return line.read_response()
    except redis.ResponseError as error:
        return error


def _settle(line: Any, error: BaseException) -> None:
    """Leave the line fit for its next caller, and raise StoreUnavailable for what means that the store is away."""
    if isinstance(error, redis.ResponseError):
        raise_if_away(error)
        return
    line.disconnect()  # a reply may still be on its way: it must not meet the next caller
    if isinstance(error, (redis.RedisError, OSError)):
        raise StoreUnavailable(type(error).__name__) from error
