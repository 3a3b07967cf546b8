"""A cluster and a sentinel of one's own, from the same binary as the embedded server."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
from django.conf import settings
from django.test import override_settings

from kv.store.caches import durable_cache
from kv.store.embedded import binary_path
from tests.faults.servers import wait_until
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_SLOTS = 16384


@dataclass(frozen=True)
class Member:
    """One server of several."""

    port: int
    process: subprocess.Popen[bytes]
    client: Any

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def cluster(size: int = 3, *, timeout_ms: int = 2000) -> Iterator[list[Member]]:
    """Primaries that share the slots evenly, and CACHES["kv"] pointing at them within the block."""
    with ExitStack() as stack:
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port")
        buses = [str(free_port()) for _ in range(size)]
        members = [stack.enter_context(_member(*options, bus)) for bus in buses]
        for number, member in enumerate(members):
            first, last = number * _SLOTS // size, (number + 1) * _SLOTS // size - 1
            member.client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            member.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for member, bus in zip(members[1:], buses[1:], strict=True):
            members[0].client.execute_command("CLUSTER", "MEET", "127.0.0.1", member.port, bus)
        wait_until(lambda: all(_knows_all(member, size) for member in members), 30)
        url = "redis+cluster://" + ",".join(f"127.0.0.1:{member.port}" for member in members)
        with _store(url, timeout_ms):
            yield members


@contextmanager
def sentinel(*, timeout_ms: int = 2000) -> Iterator[tuple[Member, Member]]:
    """A primary and a replica that a sentinel watches, and CACHES["kv"] pointing at the sentinel within the block."""
    with ExitStack() as stack:
        primary = stack.enter_context(_member())
        replica = stack.enter_context(_member("--replicaof", "127.0.0.1", str(primary.port)))
        wait_until(lambda: b"master_link_status:up" in replica.client.execute_command("INFO", "replication"), 30)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ch-")))
        config = folder / "sentinel.conf"
        config.write_text(
            f"sentinel monitor counts 127.0.0.1 {primary.port} 1\n"
            "sentinel down-after-milliseconds counts 500\nsentinel failover-timeout counts 3000\n"
        )
        watcher = stack.enter_context(_member("--sentinel", config=config))
        wait_until(lambda: b"slaves=1" in watcher.client.execute_command("INFO", "sentinel"), 30)
        with _store(f"redis+sentinel://127.0.0.1:{watcher.port}/counts/0", timeout_ms):
            yield primary, replica


@contextmanager
def _store(url: str, timeout_ms: int) -> Iterator[None]:
    with override_settings(CACHES={**settings.CACHES, "kv": durable_cache(url, timeout_ms=timeout_ms)}):
        yield


@contextmanager
def _member(*options: str, config: Path | None = None) -> Iterator[Member]:
    folder = Path(tempfile.mkdtemp(prefix="ch-"))
    port = free_port()
    process = subprocess.Popen(
        [binary_path(), *([config] if config else []), "--port", str(port), "--bind", "127.0.0.1", "--save", "",
         *options], cwd=folder, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    with closing(redis.Redis(port=port, socket_timeout=5)) as client:
        client.set_response_callback("INFO", lambda text, **_: text)
        member = Member(port, process, client)
        try:
            wait_until(member.answers, 20)
            yield member
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(folder)


def _knows_all(member: Member, size: int) -> bool:
    facts = bytes(member.client.execute_command("CLUSTER", "INFO"))
    return b"cluster_state:ok" in facts and f"cluster_known_nodes:{size}".encode() in facts
