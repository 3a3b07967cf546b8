"""A store of the benchmarks' own: an embedded server, or with BENCH_STORE=cluster six nodes on loopback."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import override_settings
from redis.cluster import RedisCluster

from benchmarks.peer_client import peer_client
from kv.store.caches import durable_cache
from kv.store.connection import connection, forget_connections
from kv.store.factories import embedded_server
from tests.cluster.nodes import cluster

# What a server holds for those that talk to it: replicas and their backlog, clients, the other nodes, its own file.
_NOT_DATA = ("mem_total_replication_buffers", "mem_clients_normal", "mem_cluster_links", "mem_aof_buffer")
# Sent by replicas, and by us to ask for the figures.
_NOT_WORK = ("cmdstat_info", "cmdstat_replconf", "cmdstat_config|resetstat")


@dataclass(frozen=True)
class Placed:
    """Where a store is: `entry` for CACHES, the environment of a site on it, and that of a peer (`peer_client`)."""

    directory: Path
    entry: dict[str, Any]
    site: dict[str, str]
    peer: dict[str, str]


def on_cluster() -> bool:
    """Whether the benchmarks run on a cluster. Raises ValueError when BENCH_STORE says neither."""
    chosen = os.environ.get("BENCH_STORE") or "embedded"
    if chosen not in ("embedded", "cluster"):
        raise ValueError(f"BENCH_STORE={chosen} is neither embedded nor cluster")
    return chosen == "cluster"


@contextmanager
def placed_store(fsync: str = "everysec", timeout_ms: int = 60_000) -> Iterator[Placed]:
    """An empty store for processes of their own, gone afterwards with the directory."""
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="chb-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        (directory / "static").mkdir()  # WhiteNoise warns when there is none
        site = {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": os.fspath(directory), "SITE_URL": ""}
        if on_cluster():
            url = stack.enter_context(cluster(appendfsync=fsync)).url
            yield Placed(
                directory, durable_cache(url, timeout_ms=timeout_ms), {**site, "REDIS_URL": url}, {"PEER_URL": url}
            )
            return
        entry = durable_cache("embedded", directory=directory, fsync=fsync, timeout_ms=timeout_ms)
        server = embedded_server(entry["LOCATION"])
        server.ensure(30)
        stack.callback(server.leave)
        site |= {"REDIS_URL": "embedded", "EMBEDDED_FSYNC": fsync}
        yield Placed(directory, entry, site, {"PEER_SOCKET": os.fspath(server.socket_path)})


@contextmanager
def fresh_store(fsync: str = "everysec", timeout_ms: int = 60_000) -> Iterator[Placed]:
    """An empty store under the durable alias, gone afterwards."""
    with ExitStack() as stack:
        placed = stack.enter_context(placed_store(fsync, timeout_ms))
        stack.enter_context(override_settings(CACHES={**settings.CACHES, "kv": placed.entry}))
        stack.callback(forget_connections)
        yield placed


def plain_client(placed: Placed) -> Any:
    """redis-py as one would use it on the same store."""
    return peer_client(placed.peer, socket_timeout=60)


def server_pids() -> tuple[int, ...]:
    """The processes that answer: one, or the primaries of a cluster."""
    return tuple(int(info["process_id"]) for info in _asked("server"))


def used_memory() -> int:
    """Bytes of the data and what holds it, on all primaries."""
    return sum(info["used_memory"] - sum(info.get(name, 0) for name in _NOT_DATA) for info in _asked("memory"))


def requests_read() -> int:
    """How often a primary has read from its callers: one for each round trip, whatever a script does inside."""
    return sum(
        info["total_reads_processed"] - sum(info[name]["calls"] for name in _NOT_WORK if name in info)
        for info in _asked("everything")
    )


def commands_done() -> int:
    """How many commands the primaries have done, those within scripts among them."""
    found = [stats["calls"] for info in _asked("commandstats") for name, stats in info.items() if name not in _NOT_WORK]
    return sum(found)


def forget_costs() -> None:
    """`call_cost` begins anew."""
    for node in _primaries():
        node.config_resetstat()


def call_cost(command: str) -> float:
    """Microseconds of a server for one call of the command since `forget_costs`."""
    found = [info[f"cmdstat_{command}"] for info in _asked("commandstats") if f"cmdstat_{command}" in info]
    return float(sum(stats["usec"] for stats in found) / sum(stats["calls"] for stats in found))


def forget_slow_commands() -> None:
    """`slowest_command` begins anew."""
    for node in _primaries():
        node.config_set("slowlog-log-slower-than", 200)
        node.config_set("slowlog-max-len", 100_000)
        node.slowlog_reset()


def slowest_command() -> float:
    """Milliseconds for which one command kept a server from all others since `forget_slow_commands`.

    The fifth slowest: a server that another process keeps from its core makes any command look slow now and then.
    """
    found = (entry["duration"] for node in _primaries() for entry in node.slowlog_get(100_000))
    return float(next(islice(sorted(found, reverse=True), 4, None), 0)) / 1000


def server_seconds() -> float:
    """Processor seconds of all primaries since they started."""
    return float(sum(info["used_cpu_user"] + info["used_cpu_sys"] for info in _asked("cpu")))


def commands_run() -> int:
    """Commands that the primaries have run, those inside of scripts too, since they started or `forget_costs`."""
    return sum(
        stats["calls"]
        for info in _asked("commandstats")
        for name, stats in info.items()
        if name not in _NOT_WORK and name != "cmdstat_slowlog|get"
    )


def _asked(section: str) -> list[dict[str, Any]]:
    return [node.info(section) for node in _primaries()]


def _primaries() -> list[Any]:
    client: Any = connection()
    if not isinstance(client, RedisCluster):
        return [client]
    nodes: Any = client
    return [nodes.get_redis_connection(node) for node in nodes.get_primaries()]
