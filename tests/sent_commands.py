"""What is sent to the store, and what its servers run: for tests that give an operation a budget of commands."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from redis.cluster import RedisCluster

from kv.store import connection
from tests.cluster.client import WholeCluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kv.store.connection import Command


#: What clients, replicas and sentinels send beside the reading and writing of keys.
_HOUSEKEEPING = frozenset(
    {
        "auth", "client", "cluster", "command", "config", "hello", "info", "ping", "psync", "publish", "replconf",
        "role", "script", "select", "subscribe",
    }
)  # fmt: skip


def commands_run(store: Any) -> int:
    """How many commands the servers have run on keys since they started, those within scripts among them."""
    on_all = {"target_nodes": RedisCluster.ALL_NODES} if isinstance(store, WholeCluster) else {}
    answer = store.info("commandstats", **on_all)
    return sum(
        stats["calls"]
        for node in (answer.values() if on_all else [answer])
        for name, stats in node.items()
        if name.removeprefix("cmdstat_").split("|")[0] not in _HOUSEKEEPING
    )


class _Listening:
    """Hands everything on to the client, and notes the commands."""

    def __init__(self, client: Any, sent: list[Command]) -> None:
        self._client = client
        self._sent = sent

    def send_one(self, command: Command) -> Any:
        self._sent.append(command)
        return self._client.send_one(command)

    def send(self, commands: Sequence[Command]) -> list[Any]:
        self._sent.extend(commands)
        found: list[Any] = self._client.send(commands)
        return found

    def send_and_wait(self, command: Command, replicas: int) -> Any:
        self._sent.append(command)
        return self._client.send_and_wait(command, replicas)


@contextmanager
def sent_commands() -> Iterator[list[Command]]:
    """The commands that `call`, `call_many`, `call_write` and scripts send, in their order."""
    sent: list[Command] = []
    client = connection._client()
    with patch.object(connection, "_client", lambda: _Listening(client, sent)):
        yield sent
