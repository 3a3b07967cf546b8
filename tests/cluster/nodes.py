"""A cluster of six Valkey nodes, three primaries with a replica each, formed in about two seconds."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.engines import PATIENCE_SECONDS, Server, servers, wait_until
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOTS = 16384
PRIMARIES = 3
#: How long a node may be silent before the others elect its replica.
NODE_TIMEOUT_MS = 1000


@dataclass
class Cluster:
    """The six nodes; which of them are primaries changes with each failover."""

    nodes: list[Server]

    @property
    def url(self) -> str:
        """As REDIS_URL takes it."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def holder(self, slot: int) -> Server:
        """The primary that serves the slot now, asked of any node that lives. Raises AssertionError."""
        for start, end, primary, *_ in self._any_living().ask("CLUSTER", "SLOTS"):
            if start <= slot <= end:
                return self.by_port(int(primary[1]))
        raise AssertionError(f"nobody serves slot {slot}")

    def primaries(self) -> list[Server]:
        """The nodes that serve slots now."""
        ports = {int(primary[1]) for _, _, primary, *_ in self._any_living().ask("CLUSTER", "SLOTS")}
        return [node for node in self.nodes if node.port in ports]

    def by_port(self, port: int) -> Server:
        """The node that listens there."""
        return next(node for node in self.nodes if node.port == port)

    def identity(self, node: Server) -> str:
        """The name by which the nodes know it."""
        return bytes(node.ask("CLUSTER", "MYID")).decode()

    def is_whole(self) -> bool:
        """Whether every node that lives sees all slots served and every other one alive, its replicas in step."""
        living = [node for node in self.nodes if node.process is not None]
        return all(_sees_all(node, len(self.nodes)) for node in living)

    def restart(self, node: Server) -> None:
        """Start a killed node again and wait until the cluster is whole."""
        node.start()
        wait_until(self.is_whole)

    def move_slot(self, slot: int, target: Server) -> int:
        """Move a slot with all its keys while it is in use, as `valkey-cli --cluster reshard` does; how many keys."""
        source = self.holder(slot)
        there, here = self.identity(target), self.identity(source)
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", here)
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", there)
        moved = 0
        with source.client() as client:
            while keys := client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 10):
                client.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
                moved += len(keys)
        for node in (target, source, *self.primaries()):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", there)
        return moved

    def _any_living(self) -> Server:
        return next(node for node in self.nodes if node.process is not None)


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """Six nodes that serve all slots. settings: more of the server's own, dashes as underscores."""
    more = [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", value)]

    def options(number: int) -> list[str]:
        return [
            "--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT_MS), "--cluster-port",
            str(free_port()), "--appendfsync", "everysec", "--repl-diskless-sync-delay", "0", *more,
        ]  # fmt: skip

    with servers(2 * PRIMARIES, options) as nodes:
        for node in nodes:
            node.start()
        _form(nodes)
        formed = Cluster(nodes)
        wait_until(formed.is_whole)
        yield formed


def _form(nodes: list[Server]) -> None:
    """Give out the slots, introduce all to the first, then make the second half follow the first."""
    share = SLOTS // PRIMARIES
    for number, primary in enumerate(nodes[:PRIMARIES]):
        end = SLOTS - 1 if number == PRIMARIES - 1 else (number + 1) * share - 1
        primary.ask("CLUSTER", "ADDSLOTSRANGE", number * share, end)
    for number, node in enumerate(nodes):
        node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        bus = node.options[node.options.index("--cluster-port") + 1]
        if number:
            nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
    wait_until(lambda: all(_knows(node, len(nodes)) for node in nodes), PATIENCE_SECONDS)
    for primary, replica in zip(nodes[:PRIMARIES], nodes[PRIMARIES:], strict=True):
        name = bytes(primary.ask("CLUSTER", "MYID")).decode()
        wait_until(lambda replica=replica, name=name: replica.ask("CLUSTER", "REPLICATE", name) == b"OK")  # type: ignore[misc] # bound now, by its default


def _facts(node: Server) -> dict[str, str]:
    lines = bytes(node.ask("CLUSTER", "INFO")).decode().split()
    return dict(line.split(":", 1) for line in lines)


def _knows(node: Server, count: int) -> bool:
    return _facts(node)["cluster_known_nodes"] == str(count)


def _sees_all(node: Server, count: int) -> bool:
    facts = _facts(node)
    if facts["cluster_state"] != "ok" or facts["cluster_slots_ok"] != str(SLOTS):
        return False
    role: Any = node.ask("ROLE")
    in_step = role[0] == b"master" or role[3] == b"connected"
    lines = bytes(node.ask("CLUSTER", "NODES")).decode().splitlines()
    silent = [line for line in lines if "fail" in line.split()[2]]
    # Each primary has its replica with it, or that one is known to be dead.
    followers = role[0] != b"master" or len(role[2]) > 0 or bool(silent) or not _has_slots(lines)
    return in_step and followers and len(lines) == count


def _has_slots(lines: list[str]) -> bool:
    return any("myself" in line and len(line.split()) > 8 for line in lines)
