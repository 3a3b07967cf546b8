"""A store of the benchmarks' own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from django.conf import settings
from django.test import override_settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from kv.caches import durable_cache
from kv.connection import connection, forget_connections
from kv.embedded import EmbeddedServer
from kv.factories import embedded_server


@contextmanager
def fresh_store(fsync: str = "everysec") -> Iterator[EmbeddedServer]:
    """An empty embedded server under the durable alias, gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="chb-"))
    entry = durable_cache("embedded", directory=directory, fsync=fsync, timeout_ms=60_000)
    server = embedded_server(entry["LOCATION"])
    with override_settings(CACHES={**settings.CACHES, "kv": entry}):
        server.ensure(30)
        try:
            yield server
        finally:
            server.leave()
            forget_connections()
            shutil.rmtree(directory)


def server_pid() -> int:
    """The process that answers."""
    return int(connection().info("server")["process_id"])


def plain_client(server: EmbeddedServer) -> redis.Redis:
    """redis-py as one would use it on the same socket, without retries."""
    return redis.Redis(unix_socket_path=os.fspath(server.socket_path), retry=Retry(NoBackoff(), 0), socket_timeout=60)
