"""The store over TLS: one server, behind Sentinel, and a cluster. A certificate that is not to be believed is refused.

The wheel's Valkey is built without TLS; Debian's redis-server is built with it.
"""

from __future__ import annotations

import os
import shutil
import time
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from kv.store.caches import durable_cache
from kv.store.health import check_store
from stats.services.figures import forget_figures
from tests.engines import Server, servers, wait_until
from tests.faults.certificates import Certificates, make_certificates
from tests.faults.servers import IN_TIME_SECONDS
from tests.ports import free_port
from tests.site_client import SiteClient
from tests.stats.callers import visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.certificates import Pair

BINARY = shutil.which("redis-server") or ""
SLOTS = 16384
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BINARY and shutil.which("openssl")) and not os.environ.get("REQUIRE_SERVERS"),
        reason="needs Debian's redis-server and openssl",
    ),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def client(settings: Any) -> Iterator[SiteClient]:
    settings.RATE_LIMITS = None
    forget_figures()
    yield SiteClient()
    forget_figures()


def speaks_tls(made: Certificates, port: int, shows: Pair | None = None, *, asks: bool = False) -> list[str]:
    """The server's options. shows: its certificate; asks: whether it demands one of the caller."""
    shows = shows or made.server
    return [
        "--tls-port", str(port), "--tls-cert-file", str(shows.certificate), "--tls-key-file", str(shows.key),
        "--tls-ca-cert-file", str(made.authority.certificate), "--tls-auth-clients", "yes" if asks else "no",
        "--appendfsync", "always",
    ]  # fmt: skip


def use(settings: Any, address: str, believes: Pair | None, more: str = "") -> None:
    """The site stands on this address from now on, and believes what that authority has signed."""
    query = f"ssl_ca_certs={believes.certificate}" if believes else ""
    settings.CACHES = {**settings.CACHES, "kv": durable_cache(f"{address}?{query}{more}")}


def assert_counts(client: SiteClient) -> None:
    assert visit(client, "203.0.113.1").json() == {"counted": True, "visitors": 1, "reason": None}
    assert visit(client, "203.0.113.1").json()["counted"] is False
    forget_figures()
    assert client.get("/api/stats").json()["visitors"] == 1


def assert_refused(client: SiteClient, within: float = 2.0) -> None:
    """within: seconds. Reading a whole system's authorities takes a busy machine its time."""
    took = []
    for number in range(3):
        began = time.monotonic()
        answer = visit(client, f"203.0.113.{number + 10}")
        took.append(time.monotonic() - began)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert min(took) < within


def complaint() -> str:
    """What kv_check says in its one line."""
    with pytest.raises(CommandError) as raised:
        call_command("kv_check", stdout=StringIO())
    return str(raised.value)


class TestOneServer:
    @pytest.fixture
    def port(self) -> int:
        return free_port()

    @pytest.fixture
    def server(self, made: Certificates, port: int) -> Iterator[Server]:
        with servers(1, lambda _: speaks_tls(made, port), binary=BINARY) as (server,):
            server.start()
            yield server

    def test_counts(self, server: Server, port: int, made: Certificates, settings: Any, client: SiteClient) -> None:
        use(settings, f"rediss://127.0.0.1:{port}/0", made.authority)
        assert_counts(client)
        out = StringIO()
        call_command("kv_check", stdout=out)
        assert "scripts load" in out.getvalue()
        server.kill()
        assert_refused(client)
        server.start()
        wait_until(lambda: visit(client, "203.0.113.2").status_code == 200)
        assert visit(client, "203.0.113.1").json()["counted"] is False

    def test_a_line_is_used_again(
        self, server: Server, port: int, made: Certificates, settings: Any, client: SiteClient
    ) -> None:
        """What TLS sends by itself (tickets, after the handshake) is not taken for a connection that was closed."""
        use(settings, f"rediss://127.0.0.1:{port}/0", made.authority)
        visit(client, "203.0.113.1")
        before = server.info("stats")["total_connections_received"]
        for number in range(20):
            assert visit(client, f"198.51.100.{number}").json()["counted"]
        ours = 1  # the question itself comes over a connection of its own
        assert server.info("stats")["total_connections_received"] - before == ours

    def test_frozen_is_refused_in_time(
        self, server: Server, port: int, made: Certificates, settings: Any, client: SiteClient
    ) -> None:
        use(settings, f"rediss://127.0.0.1:{port}/0", made.authority)
        assert_counts(client)
        with server.frozen():
            assert_refused(client, IN_TIME_SECONDS)
        wait_until(lambda: visit(client, "203.0.113.1").status_code == 200)

    def test_an_authority_that_did_not_sign_is_not_believed(
        self, server: Server, port: int, made: Certificates, settings: Any, client: SiteClient
    ) -> None:
        for believed in (made.stranger, None):
            use(settings, f"rediss://127.0.0.1:{port}/0", believed)
            assert_refused(client)
            assert check_store().reason.startswith("its certificate is refused: ")
            assert "its certificate is refused: " in complaint()
        use(settings, f"rediss://127.0.0.1:{port}/0", made.authority)
        assert_counts(client)

    def test_a_plain_address_gets_no_answer(self, server: Server, port: int, settings: Any, client: SiteClient) -> None:
        use(settings, f"redis://127.0.0.1:{port}/0", None)
        assert_refused(client)

    def test_a_certificate_for_another_host(
        self, made: Certificates, port: int, settings: Any, client: SiteClient
    ) -> None:
        with servers(1, lambda _: speaks_tls(made, port, made.elsewhere), binary=BINARY) as (server,):
            server.start()
            use(settings, f"rediss://127.0.0.1:{port}/0", made.authority)
            assert_refused(client)
            assert "127.0.0.1" in complaint()
            use(settings, f"rediss://127.0.0.1:{port}/0", made.authority, "&ssl_check_hostname=false")
            assert_counts(client)

    def test_a_server_that_asks_for_ours(
        self, made: Certificates, port: int, settings: Any, client: SiteClient
    ) -> None:
        with servers(1, lambda _: speaks_tls(made, port, asks=True), binary=BINARY) as (server,):
            server.start()
            use(settings, f"rediss://127.0.0.1:{port}/0", made.authority)
            assert_refused(client)
            own = f"&ssl_certfile={made.server.certificate}&ssl_keyfile={made.server.key}"
            use(settings, f"rediss://127.0.0.1:{port}/0", made.authority, own)
            assert_counts(client)


class TestSentinel:
    def test_counts_and_believes_no_other(self, made: Certificates, settings: Any, client: SiteClient) -> None:
        store, watch = free_port(), free_port()
        with servers(1, lambda _: [*speaks_tls(made, store), "--tls-replication", "yes"], binary=BINARY) as (primary,):
            primary.start()
            lines = [f"{word[2:]} {value}" for word, value in _pairs(speaks_tls(made, watch)) if "append" not in word]
            watched = [f"sentinel monitor counts 127.0.0.1 {store} 1"]
            with servers(1, lambda _: [*lines, "tls-replication yes", *watched], binary=BINARY, sentinel=True) as (
                sentinel,
            ):
                sentinel.start()
                address = f"rediss+sentinel://127.0.0.1:{watch}/counts/0"
                use(settings, address, made.stranger)
                assert_refused(client)
                assert "its certificate is refused: " in complaint()
                use(settings, address, made.authority)
                assert_counts(client)


class TestCluster:
    def test_counts_and_believes_no_other(self, made: Certificates, settings: Any, client: SiteClient) -> None:
        ports, buses = [free_port() for _ in range(2)], [free_port() for _ in range(2)]

        def options(number: int) -> list[str]:
            return [
                *speaks_tls(made, ports[number]), "--tls-cluster", "yes", "--cluster-enabled", "yes",
                "--cluster-port", str(buses[number]),
            ]  # fmt: skip

        with servers(2, options, binary=BINARY) as nodes:
            for number, node in enumerate(nodes):
                node.start()
                first, last = number * SLOTS // 2, (number + 1) * SLOTS // 2 - 1
                node.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
                node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", ports[1], buses[1])
            wait_until(lambda: all(_is_whole(node) for node in nodes))
            address = "rediss+cluster://" + ",".join(f"127.0.0.1:{port}" for port in ports)
            use(settings, address, made.stranger)
            assert_refused(client)
            assert "its certificate is refused: " in complaint()
            use(settings, address, made.authority)
            assert_counts(client)
            out = StringIO()
            call_command("kv_check", stdout=out)
            assert out.getvalue().count("scripts load") == 2


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    return list(zip(words[::2], words[1::2], strict=True))


def _is_whole(node: Server) -> bool:
    facts = bytes(node.ask("CLUSTER", "INFO"))
    return b"cluster_state:ok" in facts and b"cluster_known_nodes:2" in facts
