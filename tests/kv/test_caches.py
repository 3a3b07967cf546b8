"""What the urls of the store mean, and that no cache can clear the counts away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import caches
from django.test import override_settings
from django_redis.pool import get_connection_factory
from redis.sentinel import MasterNotFoundError

from kv.caches import check_url, clearable_cache, database_of, durable_cache
from kv.checks import check_hash_key, check_rate_limits, check_store
from kv.connection import call
from kv.factories import Sentinels, configured_server, embedded_server
from tests.faults.servers import own_server


class TestCheckUrl:
    @pytest.mark.parametrize(
        ("url", "scheme"),
        [
            ("embedded", "embedded"),
            ("redis://h:6379/0", "redis"),
            ("rediss://user:pass@h/2", "rediss"),
            ("redis://[::1]:6379/1", "redis"),
            ("unix:///run/redis.sock?db=1", "unix"),
            ("redis+cluster://a:1,b:2,c", "redis+cluster"),
            ("rediss+cluster://u:p@a:1,b:2", "rediss+cluster"),
            ("redis+sentinel://a:1,b/mymaster/3", "redis+sentinel"),
        ],
    )
    def test_ours(self, url: str, scheme: str) -> None:
        assert check_url(url) == scheme

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("", "without a scheme"),
            ("localhost:6379", "is not one of"),
            ("memcached://h", "is not one of"),
            ("redis://", "names a host"),
            ("unix://", "names the socket's path"),
            ("redis://h:x/0", "not a number"),
            ("redis://h:65536", "not a number"),
            ("redis://h:-1", "not a number"),
            ("redis://h/zero", "not the number of a database"),
            ("redis://h/0?db=none", "not the number of a database"),
            ("redis+cluster://a:x,b:2", "not a number"),
            ("redis+sentinel://a:1,b", "ends in the primary's name"),
        ],
    )
    def test_not_ours_says_why(self, url: str, says: str) -> None:
        with pytest.raises(ValueError, match=says):
            check_url(url)


class TestDurableCache:
    def test_no_retry_and_short_timeouts_everywhere(self) -> None:
        for url in ("redis://h", "rediss://h", "unix:///s", "redis+cluster://a", "redis+sentinel://a/name/0"):
            options = durable_cache(url, timeout_ms=120)["OPTIONS"]
            assert options["SOCKET_TIMEOUT"] == options["SOCKET_CONNECT_TIMEOUT"] == 0.12
            assert options["CONNECTION_POOL_KWARGS"]["retry"].get_retries() == 0

    def test_embedded_needs_a_directory(self) -> None:
        with pytest.raises(ValueError, match="needs a directory"):
            durable_cache("embedded")

    def test_embedded_carries_its_directory_whatever_its_name(self, tmp_path: Path) -> None:
        directory = tmp_path / "a b%20?&#é"
        server = embedded_server(durable_cache("embedded", directory=directory, fsync="everysec")["LOCATION"])
        assert server.directory == directory / "valkey"
        assert server.fsync == "everysec"

    def test_sentinel(self) -> None:
        entry = durable_cache("redis+sentinel://user:secret@a:1,[::1]:2,c/mymaster/3")
        assert entry["LOCATION"] == "redis://user:secret@mymaster/3"
        assert entry["OPTIONS"]["SENTINELS"] == [("a", 1), ("::1", 2), ("c", 26379)]
        assert entry["OPTIONS"]["SENTINEL_KWARGS"]["retry"].get_retries() == 0
        factory = get_connection_factory(options=entry["OPTIONS"])
        pool: Any = factory.get_connection_pool({"url": entry["LOCATION"]})
        assert (pool.service_name, pool.connection_kwargs["db"]) == ("mymaster", 3)

    def test_two_groups_of_sentinels_may_use_one_name(self) -> None:
        pools = []
        for host in ("a", "b", "a"):
            entry = durable_cache(f"redis+sentinel://{host}:1/mymaster/3")
            factory = get_connection_factory(options=entry["OPTIONS"])
            pools.append(factory.get_or_create_connection_pool({"url": entry["LOCATION"]}))
        assert pools[0] is pools[2]
        assert pools[0] is not pools[1]

    def test_cluster(self) -> None:
        entry = durable_cache("rediss+cluster://u:p@a:1,b")
        assert entry["LOCATION"] == "rediss+cluster://u:p@a:1%2Cb"
        assert entry["OPTIONS"]["CONNECTION_FACTORY"] == "kv.factories.ClusterFactory"

    @pytest.mark.parametrize("url", ["redis+cluster://a:1,b:2", "redis://:with,comma@h/0", "redis://h/0"])
    def test_a_comma_parts_no_location(self, url: str) -> None:
        entry = durable_cache(url)
        with override_settings(CACHES={**caches.settings, "kv": entry}):
            client: Any = caches["kv"]
            assert client.client._server == [entry["LOCATION"]]


class TestUnixSocket:
    def test_reaches_a_server_through_its_socket(self) -> None:
        with own_server(timeout_ms=5000) as breakable:
            call("SET", "{t}:a", 1)
            entry = durable_cache(f"unix://{breakable.server.socket_path}?db=0")
            with override_settings(CACHES={**caches.settings, "kv": entry}):
                assert configured_server() is None
                assert call("GET", "{t}:a") == b"1"


class TestClearableCache:
    @pytest.mark.parametrize(
        ("url", "database"),
        [
            ("redis://h:6379", 1),
            ("redis://h:6379/4", 5),
            ("redis://h:6379/4?db=7", 8),
            ("rediss://u:p@h/0", 1),
            ("unix:///run/r.sock", 1),
            ("unix:///run/r.sock?db=2", 3),
            ("redis+sentinel://a:1/mymaster/3", 4),
        ],
    )
    def test_is_the_next_database_of_the_same_server(self, url: str, database: int) -> None:
        store, cache = durable_cache(url)["LOCATION"], clearable_cache(url)["LOCATION"]
        assert database_of(cache) == (database_of(store)[0], database)
        assert database_of(store)[1] == database - 1

    def test_on_a_cluster_it_is_in_memory(self) -> None:
        assert clearable_cache("redis+cluster://a:1")["BACKEND"].endswith("LocMemCache")

    def test_clearing_it_leaves_every_count(self) -> None:
        with own_server(timeout_ms=5000) as breakable:
            entry = clearable_cache("embedded", directory=breakable.server.directory.parent)
            with override_settings(CACHES={"default": entry, "kv": caches.settings["kv"]}):
                call("SET", "{stats}:visitors", 5)
                caches["default"].set("a", "b", 60)
                assert caches["default"].get("a") == "b"
                caches["default"].clear()
                assert caches["default"].get("a") is None
                assert call("GET", "{stats}:visitors") == b"5"

    def test_one_that_is_away_is_one_that_is_empty(self) -> None:
        with override_settings(CACHES={"default": clearable_cache("redis://127.0.0.1:1")}):
            caches["default"].set("a", "b")
            assert caches["default"].get("a") is None


class TestChecks:
    def ids(self, found: Any) -> list[str]:
        return [message.id for message in found]

    def test_no_alias(self) -> None:
        with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}):
            assert self.ids(check_store(None)) == ["kv.E001"]

    @pytest.mark.parametrize(
        "location", ["redis://h:6379/0", "redis://h", "redis://user:pass@H:6379/", "redis://h/7?db=0"]
    )
    def test_a_cache_in_the_stores_database(self, location: str) -> None:
        store = durable_cache("redis://h:6379/0")
        with override_settings(CACHES={"kv": store, "default": {**store, "LOCATION": location}}):
            assert self.ids(check_store(None)) == ["kv.E002"]

    def test_a_cache_of_its_own(self) -> None:
        store = durable_cache("redis://h:6379/0")
        memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "any words"}
        with override_settings(CACHES={"kv": store, "default": clearable_cache("redis://h"), "other": memory}):
            assert self.ids(check_store(None)) == []

    def test_hash_key(self) -> None:
        with override_settings(VISITOR_HASH_KEY=""):
            assert self.ids(check_hash_key(None)) == ["kv.W003"]
        with override_settings(VISITOR_HASH_KEY="x"):
            assert self.ids(check_hash_key(None)) == []

    def test_rate_limits(self) -> None:
        with override_settings(RATE_LIMITS={"visit": "many", "qr": "5/minute"}):
            assert self.ids(check_rate_limits(None)) == ["kv.E004"]
        with override_settings(RATE_LIMITS={"visits": "5/minute"}):  # a slip of the pen would leave the limit as it is
            (said,) = check_rate_limits(None)
        assert said.id == "kv.E005"
        assert "visit." in str(said.hint)
        with override_settings(RATE_LIMITS=None):
            assert self.ids(check_rate_limits(None)) == []


class TestSentinels:
    class Watcher:
        """One that names a primary, knows none, or is gone."""

        def __init__(self, answer: Any) -> None:
            self.answer = answer

        def sentinel_get_master_addr_by_name(self, name: str) -> Any:
            """As redis-py's client of a sentinel."""
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    def sentinels(self, *answers: Any) -> Sentinels:
        made = Sentinels([])
        made.sentinels = [self.Watcher(answer) for answer in answers]
        return made

    def test_who_answers_is_asked_first_and_nobody_is_lost(self) -> None:
        made = self.sentinels(redis.ConnectionError("gone"), None, ("h", 1), ("h", 1))
        before = list(made.sentinels)
        assert made.discover_master("counts") == ("h", 1)
        assert made.sentinels == [before[2], before[0], before[1], before[3]]

    def test_none_that_knows_says_why(self) -> None:
        with pytest.raises(MasterNotFoundError, match="counts: ConnectionError, not watched"):
            self.sentinels(redis.ConnectionError("gone"), None).discover_master("counts")
