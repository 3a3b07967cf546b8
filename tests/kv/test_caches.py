"""What the urls of the store mean, and that no cache can clear the counts away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.redis import RedisCache
from django.test import override_settings
from django_redis.pool import get_connection_factory
from redis.sentinel import MasterNotFoundError

from kv.checks import check_hash_key, check_rate_limits, check_shared_caches, check_store
from kv.store.address import StoreAddress
from kv.store.caches import clearable_cache, durable_cache
from kv.store.connection import call
from kv.store.factories import Sentinels, configured_server, embedded_server
from tests.faults.servers import Proxy, own_server

DJANGO_REDIS = "django_redis.cache.RedisCache"
DJANGO = "django.core.cache.backends.redis.RedisCache"


class OwnBackend(RedisCache):
    """As a project may have made itself one."""


class StrangersBackend(BaseCache):
    """One of a package that we do not know."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(params)


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
        entry = durable_cache("redis+sentinel://user:secret@a:1,[::1]:2,c/MyMaster/3")
        assert entry["LOCATION"] == "redis+sentinel://user:secret@a:1%2C[::1]:2%2Cc:26379/MyMaster/3"
        assert entry["OPTIONS"]["SENTINELS"] == [("a", 1), ("::1", 2), ("c", 26379)]
        assert entry["OPTIONS"]["SENTINEL_KWARGS"]["retry"].get_retries() == 0
        factory = get_connection_factory(options=entry["OPTIONS"])
        pool: Any = factory.get_connection_pool({"url": entry["LOCATION"]})
        assert (pool.service_name, pool.connection_kwargs["db"]) == ("MyMaster", 3)
        assert (pool.connection_kwargs["username"], pool.connection_kwargs["password"]) == ("user", "secret")

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
        assert entry["LOCATION"] == "rediss+cluster://u:p@a:1%2Cb:6379"
        assert entry["OPTIONS"]["CONNECTION_FACTORY"] == "kv.store.factories.ClusterFactory"

    @pytest.mark.parametrize(
        "url", ["redis+cluster://a:1,b:2", "redis://:with%2Ccomma@h/0", "redis://:with,comma@h/0", "redis://h/0"]
    )
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
        store, cache = (StoreAddress.parse(make(url)["LOCATION"]) for make in (durable_cache, clearable_cache))
        assert cache == store.with_database(database)
        assert store.database == database - 1

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
        "entry",
        [
            {"LOCATION": "redis://h:6379/0"},
            {"LOCATION": "redis://h"},
            {"LOCATION": "redis://user:pass@H:6379/"},
            {"LOCATION": "redis://h/7?db=0"},
            {"LOCATION": ["redis://h:6379/0"]},
            {"LOCATION": ["redis://other", "redis://h"]},
            {"LOCATION": ("redis://h", "redis://other")},
            {"LOCATION": "redis://other,redis://h"},
            {"BACKEND": DJANGO, "LOCATION": ["redis://h", "redis://replica"]},
            {"BACKEND": DJANGO, "LOCATION": "redis://replica;redis://h/0"},
            {"BACKEND": DJANGO, "LOCATION": "redis://h/0", "OPTIONS": {"db": 1}},  # redis-py heeds the address
            {"LOCATION": "redis://h", "OPTIONS": {"db": 1}},  # nobody heeds it
            {"BACKEND": "tests.kv.test_caches.OwnBackend", "LOCATION": "redis://h"},
            {"BACKEND": "tests.kv.test_caches.StrangersBackend", "LOCATION": "valkey://h/0"},
            {"BACKEND": "tests.kv.test_caches.StrangersBackend", "LOCATION": ["redis://h:6379"]},
        ],
    )
    def test_a_cache_in_the_stores_database(self, entry: dict[str, Any]) -> None:
        entry = {"BACKEND": DJANGO_REDIS, **entry}
        with override_settings(CACHES={"kv": durable_cache("redis://h:6379/0"), "default": entry}):
            assert self.ids(check_store(None)) == ["kv.E002"]

    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "LOCALHOST", "127.1.2.3", "0.0.0.0"])
    def test_one_machine_by_all_its_names(self, host: str) -> None:
        entry = {"BACKEND": DJANGO, "LOCATION": f"redis://{host}:6379"}
        with override_settings(CACHES={"kv": durable_cache("redis://localhost/0"), "default": entry}):
            assert self.ids(check_store(None)) == ["kv.E002"]

    @pytest.mark.parametrize(
        "url", ["redis+sentinel://a:1,b/name/0", "redis+cluster://a:1,b:2", "unix:///run/r.sock", "rediss://h/3"]
    )
    def test_the_stores_own_entry_under_a_second_name(self, url: str) -> None:
        with override_settings(CACHES={"kv": durable_cache(url), "default": durable_cache(url)}):
            assert self.ids(check_store(None)) == ["kv.E002"]
        with override_settings(CACHES={"kv": durable_cache(url), "default": clearable_cache(url)}):
            assert self.ids(check_store(None)) == []

    @pytest.mark.parametrize(
        "entry",
        [
            {"BACKEND": DJANGO, "LOCATION": "redis://h", "OPTIONS": {"db": 1}},
            {"BACKEND": DJANGO, "LOCATION": ["redis://h/1", "redis://h/1"]},
            {"BACKEND": DJANGO, "LOCATION": "redis://h:6380"},
            {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "/tmp/redis"},
            {"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache", "LOCATION": "h:6379"},
            {"BACKEND": "there.is.none", "LOCATION": "memory"},
        ],
    )
    def test_no_false_alarm(self, entry: dict[str, Any]) -> None:
        with override_settings(CACHES={"kv": durable_cache("redis://h:6379/0"), "default": entry}):
            assert self.ids(check_store(None)) == []

    @pytest.mark.parametrize(
        "change",
        [
            {"LOCATION": "redis://h?banana=1"},
            {"LOCATION": "redis://h?protocol=3"},
            {"LOCATION": ["redis://h", "redis://i"]},
            {"LOCATION": "redis://h,redis://i"},
            {"LOCATION": None},
            {"OPTIONS": {"CONNECTION_POOL_KWARGS": {"decode_responses": True}}},
            {"OPTIONS": {"REDIS_CLIENT_KWARGS": {"protocol": 3}}},
        ],
    )
    def test_a_store_that_could_not_be_used(self, change: dict[str, Any]) -> None:
        with override_settings(CACHES={"kv": {**durable_cache("redis://h"), **change}}):
            assert self.ids(check_store(None)) == ["kv.E006"]

    def test_one_that_only_the_server_can_tell(self) -> None:
        """The same database by its socket and by its port, as no address says."""
        with own_server(timeout_ms=5000) as breakable:
            path = breakable.server.socket_path
            proxy = Proxy(path)
            try:
                for number, found in ((0, ["kv.E002"]), (1, [])):
                    entry = {"BACKEND": DJANGO, "LOCATION": f"redis://127.0.0.1:{proxy.port}/{number}"}
                    with override_settings(CACHES={"kv": caches.settings["kv"], "default": entry}):
                        assert self.ids(check_store(None)) == []
                        assert self.ids(check_shared_caches(None)) == found
                        assert call("DBSIZE") == 0
            finally:
                proxy.close()

    def test_nothing_is_asked_of_a_store_that_is_away(self) -> None:
        with override_settings(CACHES={"kv": durable_cache("redis://127.0.0.1:1")}):
            assert self.ids(check_shared_caches(None)) == []

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
