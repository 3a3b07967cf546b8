"""django-redis connection factories for what it has none: the embedded server, sentinels in a failover, a cluster."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import redis
from django.conf import settings
from django_redis.pool import ConnectionFactory, SentinelConnectionFactory
from redis.cluster import ClusterNode, RedisCluster
from redis.sentinel import MasterNotFoundError, Sentinel

from kv.store.address import StoreAddress
from kv.store.caches import ALIAS, EMBEDDED
from kv.store.embedded import EmbeddedServer
from kv.store.tls import tls_options

# redis-py leaves their methods untyped.
_Plain: Any = redis.UnixDomainSocketConnection
_Node: Any = ClusterNode
_Sentinel: Any = Sentinel


# Of the timeout, in a request: with the usual 250 ms a visitor gets the error within 300 ms while the store starts.
_IN_A_REQUEST = 0.8
_USUAL_TIMEOUT = 0.25
_LONGEST_ELSEWHERE = 10.0
_answers_requests = False


def note_request(**_: Any) -> None:
    """Receiver of Django's `request_started`: this process answers requests from now on, and must answer soon."""
    global _answers_requests  # noqa: PLW0603 (of the process)
    _answers_requests = True


def _forget_requests() -> None:
    global _answers_requests  # noqa: PLW0603 (as above)
    _answers_requests = False


os.register_at_fork(after_in_child=_forget_requests)


def start_patience(timeout: float) -> float:
    """Seconds that a connection waits for an embedded server that is still starting.

    timeout: of connecting. It is heeded in a process that answers requests, such as one that runs tests of views, which
    have five seconds. A command, a script or a task waits for the server: an error would only be repeated by hand.
    """
    return timeout * _IN_A_REQUEST if _answers_requests else _LONGEST_ELSEWHERE


class EmbeddedConnection(_Plain):  # type: ignore[misc] # a class of redis-py, chosen above
    """A connection that starts the embedded server when nobody listens."""

    def __init__(self, *, server: EmbeddedServer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.server = server

    def connect(self) -> None:
        """Connect, after starting the server if need be. Raises redis ConnectionError or kv's StoreUnavailable."""
        self.server.join()
        try:
            super().connect()
        except redis.ConnectionError:
            self.server.ensure(start_patience(self.socket_connect_timeout or _USUAL_TIMEOUT))
            super().connect()


def embedded_server(location: str) -> EmbeddedServer:
    """The server of an `embedded://…` location of CACHES."""
    address = StoreAddress.parse(location)
    return EmbeddedServer(Path(address.path) / "valkey", address.fsync)


def configured_server() -> EmbeddedServer | None:
    """The embedded server of CACHES["kv"]; None when the store is another server."""
    location = settings.CACHES.get(ALIAS, {}).get("LOCATION", "")
    return embedded_server(location) if str(location).startswith(f"{EMBEDDED}:") else None


class EmbeddedFactory(ConnectionFactory):
    """Connections to the embedded server over its unix socket."""

    def make_connection_params(self, url: str) -> dict[str, Any]:
        """The parameters of django-redis for an `embedded://` location."""
        server = embedded_server(url)
        database = StoreAddress.parse(url).database
        params = super().make_connection_params(f"unix://{quote(str(server.socket_path))}?db={database}")
        return {**params, "connection_class": EmbeddedConnection, "server": server}


class Sentinels(_Sentinel):  # type: ignore[misc] # django-redis has no types
    """Sentinels that are asked for the primary's address, which is what names a successor first.

    redis-py reads the list of what they watch, where the old primary stands until every replica follows the new one: a
    primary that was frozen and wakes meanwhile would be taken for the right one again.
    """

    sentinels: list[Any]

    def discover_master(self, service_name: str) -> tuple[str, int]:
        """The primary's host and port, as the first sentinel that answers says. Raises redis MasterNotFoundError."""
        reasons, cause = [], None
        for sentinel in self.sentinels:
            try:
                address: tuple[str, int] | None = sentinel.sentinel_get_master_addr_by_name(service_name)
            except redis.RedisError as error:
                reasons.append(type(error).__name__)
                cause = error
                continue
            if address is None:
                reasons.append("not watched")
                continue
            # Who has answered is asked first the next time: a sentinel that is gone costs a timeout once.
            # One assignment: two threads that swapped places could lose a sentinel for ever.
            self.sentinels = [sentinel, *(other for other in self.sentinels if other is not sentinel)]
            return address
        raise MasterNotFoundError(f"no sentinel knows {service_name}: {', '.join(reasons)}") from cause


class SentinelFactory(SentinelConnectionFactory[Any, Any, Any]):
    """django-redis's own, asking as `Sentinels` do."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        known: Any = self._sentinel
        self._sentinel = Sentinels(
            options["SENTINELS"], sentinel_kwargs=options.get("SENTINEL_KWARGS"), **known.connection_kwargs
        )

    def get_connection_pool(self, params: dict[str, Any]) -> Any:
        """The primary's pool. django-redis's own would look for its name in lower case; sentinels heed the case."""
        address = StoreAddress.parse(params["url"])
        plain = replace(address, kind="redis", tls=False, nodes=(("primary", 0),), tls_options=())
        query = f"?{address.tls_query}" if address.tls_query else ""
        return ConnectionFactory.get_connection_pool(
            self,
            {
                **params, "url": f"{plain.location()}{query}", "service_name": address.service,
                "sentinel_manager": self._sentinel,
            },
        )  # fmt: skip


class ClusterFactory(ConnectionFactory):
    """One RedisCluster client for each address; it keeps the pools of its nodes itself."""

    _clusters: dict[str, RedisCluster] = {}
    _making = threading.Lock()

    def connect(self, url: str) -> Any:
        """The cluster's client. Raises redis errors when no node answers."""
        with self._making:
            if url not in self._clusters:
                address = StoreAddress.parse(url)
                self._clusters[url] = RedisCluster(
                    startup_nodes=[_Node(host, port) for host, port in address.nodes],
                    username=address.username or None,
                    password=address.password or None,
                    ssl=address.tls,
                    **tls_options(address.tls_query),
                    socket_timeout=self.options["SOCKET_TIMEOUT"],
                    socket_connect_timeout=self.options["SOCKET_CONNECT_TIMEOUT"],
                    **{key: value for key, value in self.pool_cls_kwargs.items() if key == "retry"},
                )
            return self._clusters[url]

    def disconnect(self, connection: Any) -> None:
        """Nothing: the client is shared by the whole process."""

    @classmethod
    def close_all(cls) -> None:
        """Close every node's connections; the next call opens them anew."""
        known: Any = cls._clusters
        for client in known.values():
            client.disconnect_connection_pools()
