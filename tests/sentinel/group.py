"""A primary, two replicas and three sentinels that watch them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.engines import Server, servers, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "counts"
#: How long the primary may be silent before the sentinels elect another.
DOWN_AFTER_MS = 1000


@dataclass
class SentinelGroup:
    """Three servers, one of them the primary, and the sentinels."""

    nodes: list[Server]
    sentinels: list[Server]

    @property
    def url(self) -> str:
        """As REDIS_URL takes it."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{NAME}/0"

    def primary(self) -> Server:
        """Whom the sentinels name now."""
        _, port = self.sentinels[0].ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        return next(node for node in self.nodes if node.port == int(port))

    def named(self) -> set[int]:
        """The ports that the sentinels name, one if they agree."""
        return {int(s.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)[1]) for s in self.sentinels}

    def is_whole(self) -> bool:
        """Whether the sentinels agree on a primary that has all the living others in step with it."""
        living = [node for node in self.nodes if node.process is not None]
        primary = self.primary()
        if len(self.named()) != 1 or primary not in living:
            return False
        role: Any = primary.ask("ROLE")
        others = [node for node in living if node is not primary]
        in_step = all(node.ask("ROLE")[::3] == [b"slave", b"connected"] for node in others)
        return role[0] == b"master" and len(role[2]) == len(others) and in_step and self._sentinels_know()

    def restart(self, node: Server) -> None:
        """Start a killed server again and wait until it follows the primary."""
        node.start()
        wait_until(self.is_whole)

    def _sentinels_know(self) -> bool:
        for sentinel in self.sentinels:
            facts = sentinel.ask("SENTINEL", "MASTER", NAME)
            pairs = dict(zip(facts[::2], facts[1::2], strict=True)) if isinstance(facts, list) else facts
            known = {_text(key): _text(value) for key, value in pairs.items()}
            if int(known["num-other-sentinels"]) != len(self.sentinels) - 1 or int(known["num-slaves"]) < 2:
                return False
        return True


@contextmanager
def sentinel_group() -> Iterator[SentinelGroup]:
    """The six processes, in agreement."""
    with servers(3, lambda _: ("--appendfsync", "everysec", "--repl-diskless-sync-delay", "0")) as nodes:
        for number, node in enumerate(nodes):
            if number:
                node.options = [*node.options, "--replicaof", f"127.0.0.1 {nodes[0].port}"]
            node.start()
        watched = [
            f"sentinel monitor {NAME} 127.0.0.1 {nodes[0].port} 2",
            f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {NAME} 5000",
        ]
        with servers(3, lambda _: watched, sentinel=True) as sentinels:
            for sentinel in sentinels:
                sentinel.start()
            group = SentinelGroup(nodes, sentinels)
            wait_until(group.is_whole)
            yield group


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
