"""redis-py's cluster client as tests of one server use it: what looks at a whole server looks at all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.cluster import RedisCluster


class WholeCluster:
    """The client, with the few commands that it would send to one node alone sent to every primary."""

    def __init__(self, client: RedisCluster) -> None:
        self._client: Any = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def keys(self, pattern: str = "*") -> list[bytes]:
        """KEYS of all."""
        return list(self._client.scan_iter(pattern, count=1000))

    def dbsize(self) -> int:
        """Keys of all."""
        return len(self.keys())

    def mset(self, pairs: Mapping[str, Any]) -> None:
        """One SET each: they may be of several slots."""
        for key, value in pairs.items():
            self._client.set(key, value)

    def config_get(self, pattern: str) -> dict[str, str]:
        """What the first primary says; all were started alike."""
        return dict(self._client.config_get(pattern, target_nodes=self._client.get_primaries()[0]))

    def config_set(self, name: str, value: Any) -> None:
        """On every primary."""
        self._client.config_set(name, value, target_nodes=self._client.PRIMARIES)
