"""/readyz while the store answers and takes no writes."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from tests.engines import servers, wait_until
from tests.faults.servers import own_server
from tests.faults.test_store import count, until_refused, use
from tests.site_client import SiteClient

pytestmark = pytest.mark.slow


@pytest.fixture
def client() -> SiteClient:
    return SiteClient()


@pytest.mark.django_db
class TestReadiness:
    """/readyz says no while a count would be refused, and yes as soon as it would be taken."""

    def test_memory_full(self, settings: Any, client: SiteClient) -> None:
        with servers(1, lambda _: ("--maxmemory-policy", "noeviction")) as (server,):
            server.start()
            use(server, settings)
            assert ready(client)
            server.ask("CONFIG", "SET", "maxmemory", "1")
            assert not ready(client)
            server.ask("CONFIG", "SET", "maxmemory", "0")
            assert ready(client)
            assert server.ask("DBSIZE") == 0

    def test_a_replica(self, settings: Any, client: SiteClient) -> None:
        with servers(2, lambda _: ()) as (primary, replica):
            primary.start()
            replica.start()
            use(replica, settings)
            assert ready(client)
            replica.ask("REPLICAOF", "127.0.0.1", primary.port)
            assert not ready(client)
            replica.ask("REPLICAOF", "NO", "ONE")
            assert ready(client)

    def test_too_few_replicas(self, settings: Any, client: SiteClient) -> None:
        with servers(1, lambda _: ()) as (server,):
            server.start()
            use(server, settings)
            server.ask("CONFIG", "SET", "min-replicas-to-write", "1")
            assert not ready(client)
            server.ask("CONFIG", "SET", "min-replicas-to-write", "0")
            settings.KV_WAIT_REPLICAS = 1
            assert not ready(client)
            settings.KV_WAIT_REPLICAS = 0
            assert ready(client)

    def test_a_disk_that_takes_no_more(self, settings: Any, client: SiteClient) -> None:
        """The server has heard so from the disk: MISCONF."""
        small = ("prlimit", "--fsize=65536:unlimited")
        with servers(1, lambda _: ("--appendfsync", "everysec"), wrapper=small) as (server,):
            server.start()
            use(server, settings)
            assert ready(client)
            until_refused(count)
            assert not ready(client)
            assert server.process is not None
            subprocess.run(["prlimit", "--pid", str(server.process.pid), "--fsize=unlimited"], check=True)
            wait_until(lambda: ready(client))

    def test_the_embedded_stores_disk_is_full(self, client: SiteClient, monkeypatch: pytest.MonkeyPatch) -> None:
        with own_server():
            assert ready(client)
            facts = list(os.statvfs("/"))
            facts[4] = 0  # f_bavail
            monkeypatch.setattr("kv.store.health.os.statvfs", lambda path: os.statvfs_result(facts))
            assert not ready(client)


def ready(client: SiteClient) -> bool:
    """What /readyz says of the store."""
    answer = client.get("/readyz")
    state = answer.json()["stores"]["store"]
    assert (answer.status_code, state) in ((200, "ok"), (503, "unavailable"))
    return bool(answer.status_code == 200)
