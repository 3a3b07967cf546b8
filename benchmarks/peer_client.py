"""redis-py as one would use it by oneself: what the benchmarks compare with. Needs no Django."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry


def peer_client(place: Mapping[str, str], **more: Any) -> Any:
    """A client of its own on the store that PEER_SOCKET, or for a cluster PEER_URL, of `place` names; no retries."""
    options: dict[str, Any] = {"retry": Retry(NoBackoff(), 0), **more}
    if "PEER_URL" not in place:
        return redis.Redis(unix_socket_path=place["PEER_SOCKET"], **options)
    host, _, port = place["PEER_URL"].rpartition("//")[2].split(",")[0].rpartition(":")
    return RedisCluster(host=host, port=int(port), **options)
