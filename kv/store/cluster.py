"""The same lean calls on a cluster: redis-py's client knows which node holds a slot, the bytes go straight to it.

The replies are therefore the bytes and integers that one server alone would give; redis-py's cluster client would turn
some of them into other types.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import redis
from redis.cluster import RedisCluster
from redis.exceptions import AskError, ClusterDownError, MovedError, RedisClusterException

from kv.errors import StoreUnavailable, store_errors
from kv.store.client import Command, LeanClient, client_of, confirmed, first_key, raise_first, wait_commands

# MOVED is followed so often; a cluster that sends us further is in the middle of something.
_REDIRECTIONS = 4


class ClusterClient:
    """One client for each node of a cluster; MOVED and ASK are followed, since what they answer has not run."""

    def __init__(self, client: RedisCluster) -> None:
        self._client: Any = client  # redis-py leaves most of its methods untyped
        self._refreshing = threading.Lock()

    def send_one(self, command: Command) -> Any:
        """One command, to the node that holds its key."""
        return raise_first(self._follow(command))[0]

    def send(self, commands: Sequence[Command]) -> list[Any]:
        """Several commands in one round trip for each node that they concern."""
        replies: list[Any] = [None] * len(commands)
        for client, places in self._by_node(commands):
            with _refreshing_after(self):
                answers = client.exchange([commands[place] for place in places])
            for place, answer in zip(places, answers, strict=True):
                replies[place] = self._follow(commands[place])[0] if isinstance(answer, AskError) else answer
        return raise_first(replies)

    def send_and_wait(self, command: Command, replicas: int) -> Any:
        """The command and WAIT on the same connection of the node that holds its key. Raises NotReplicated."""
        return confirmed(raise_first(self._follow(command, *wait_commands(command, replicas))), replicas)

    def refresh(self) -> None:
        """Ask the cluster for its shape anew, in the background: who finds a node gone has waited long enough."""
        if self._refreshing.acquire(blocking=False):
            threading.Thread(target=self._refresh, name="kv-cluster-shape", daemon=True).start()

    def _refresh(self) -> None:
        try:
            self._client.nodes_manager.initialize()
        except (redis.RedisError, OSError):
            pass  # nobody answers: the next call that fails asks again
        finally:
            self._refreshing.release()

    def _follow(self, *commands: Command) -> list[Any]:
        """The replies to the command and what belongs on the same connection, from the node that serves its slot."""
        client = self._holder(commands[0])
        asking: tuple[Command, ...] = ()
        for _ in range(_REDIRECTIONS):
            with _refreshing_after(self):
                replies = client.exchange([*asking, *commands])[len(asking) :]
            first = replies[0]
            if isinstance(first, ClusterDownError):
                self.refresh()
            if not isinstance(first, AskError):
                return replies
            asking = () if isinstance(first, MovedError) else (("ASKING",),)
            client = self._redirected(first)
        self.refresh()
        raise StoreUnavailable("the slot is moving")

    def _redirected(self, error: AskError) -> LeanClient:
        with store_errors():
            if isinstance(error, MovedError):
                self._client.nodes_manager.move_slot(error)
            node = self._client.get_node(host=error.host, port=error.port)
            if node is None:  # a node that has joined since
                self._client.nodes_manager.initialize(additional_startup_nodes_info=[(error.host, error.port)])
                node = self._client.get_node(host=error.host, port=error.port)
        if node is None:
            raise StoreUnavailable("the cluster is changing its shape")
        return self._client_at(node)

    def _by_node(self, commands: Sequence[Command]) -> Iterable[tuple[LeanClient, list[int]]]:
        groups: dict[LeanClient, list[int]] = {}
        for place, command in enumerate(commands):
            groups.setdefault(self._holder(command), []).append(place)
        return groups.items()

    def _holder(self, command: Command) -> LeanClient:
        key = first_key(command)
        try:
            with store_errors():
                if key is None:
                    return self._client_at(self._client.get_default_node())
                return self._client_at(self._client.nodes_manager.get_node_from_slot(self._client.keyslot(key)))
        except StoreUnavailable as error:
            if isinstance(error.__cause__, RedisClusterException):  # nobody is known to serve the slot
                self.refresh()
            raise

    def _client_at(self, node: Any) -> LeanClient:
        return client_of(self._client.get_redis_connection(node).connection_pool)


class _refreshing_after:  # noqa: N801 (reads as the with statement that it is)
    """Looks for the cluster's new shape when a node does not answer."""

    def __init__(self, client: ClusterClient) -> None:
        self._client = client

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, StoreUnavailable):
            self._client.refresh()
