"""The address of a store: parsed once, every part of it known, and each mistake one line without a secret."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from kv.store.address import StoreAddress


class TestParse:
    @pytest.mark.parametrize(
        ("text", "kind", "nodes", "database"),
        [
            ("redis://h", "redis", (("h", 6379),), 0),
            ("redis://H.Example:6380/4", "redis", (("h.example", 6380),), 4),
            ("redis://h/", "redis", (("h", 6379),), 0),
            ("redis://h/4?db=7", "redis", (("h", 6379),), 7),  # as redis-py reads it
            ("rediss://user:pass@h/2", "redis", (("h", 6379),), 2),
            ("redis://[::1]:6379/1", "redis", (("::1", 6379),), 1),
            ("redis://[2001:DB8::1]", "redis", (("2001:db8::1", 6379),), 0),
            ("unix:///run/redis.sock?db=1", "unix", (), 1),
            ("unix://:secret@/run/redis.sock", "unix", (), 0),
            ("redis+cluster://a:1,b:2,c", "cluster", (("a", 1), ("b", 2), ("c", 6379)), 0),
            ("rediss+cluster://u:p@[::1]:1,b:2", "cluster", (("::1", 1), ("b", 2)), 0),
            ("redis+sentinel://a:1,b/MyMaster/3", "sentinel", (("a", 1), ("b", 26379)), 3),
            ("redis+sentinel://a/name", "sentinel", (("a", 26379),), 0),
            ("embedded", "embedded", (), 0),
            ("embedded:///srv/a%20b?fsync=everysec&db=1", "embedded", (), 1),
        ],
    )
    def test_what_it_says(self, text: str, kind: str, nodes: Any, database: int) -> None:
        found = StoreAddress.parse(text)
        assert (found.kind, found.nodes, found.database) == (kind, nodes, database)

    def test_passwords_of_any_letters(self) -> None:
        found = StoreAddress.parse("redis://us%40er:p%2Fa%3As%23s%2C%3F%25@h")
        assert (found.username, found.password) == ("us@er", "p/a:s#s,?%")
        assert StoreAddress.parse("unix:///s?password=a%26b").password == "a&b"

    @given(user=st.text(min_size=1, max_size=9), password=st.text(min_size=1, max_size=12), db=st.integers(0, 15))
    def test_its_location_says_the_same_to_us_and_to_redis_py(self, user: str, password: str, db: int) -> None:
        for address in (
            StoreAddress("redis", nodes=(("h", 7),), username=user, password=password, database=db),
            StoreAddress("unix", path="/run/a b,c.sock", username=user, password=password, database=db),
        ):
            assert StoreAddress.parse(address.location()) == address
            assert "," not in address.location()
            pool: Any = redis.ConnectionPool.from_url(address.location())
            said = pool.connection_kwargs
            assert (said["username"], said["password"], said["db"]) == (user, password, db)
            assert said.get("path", "/run/a b,c.sock") == "/run/a b,c.sock"


class TestRefuses:
    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "without a scheme"),
            ("localhost:6379", "without a scheme"),
            ("memcached://h", "is not one of"),
            ("http://h", "is not one of"),
            ("redis://", "names a host"),
            ("redis:///0", "names a host"),
            ("unix://", "names the socket's path"),
            ("unix://run/redis.sock", "names the socket's path"),
            ("redis://h:x/0", "not a number"),
            ("redis://h:65536", "not a number"),
            ("redis://h:0", "not a number"),
            ("redis://h:-1", "not a number"),
            ("redis://h:٣", "not a number"),
            ("redis://h/zero", "not the number of a database"),
            ("redis://h/-1", "not the number of a database"),
            ("redis://h/٣", "not the number of a database"),
            ("redis://h/0/1", "ends in the number"),
            ("redis://h/99999999999999999999999", "not the number of a database"),
            ("redis://h/0?db=none", "not the number of a database"),
            ("redis://h,i/0", "names one host"),
            ("redis://::1:6379", "in brackets"),
            ("redis://[::1", "in brackets"),
            ("redis://[nonsense]:1", "IPv6 address"),
            ("redis://[::1]x:1", "IPv6 address"),
            ("redis://[1.2.3.4]", "IPv6 address"),
            ("redis://h h/0", "no spaces"),
            ("redis://h\t/0", "no spaces"),
            ("redis://h/0#1", "# has no meaning"),
            ("redis+cluster://a:x,b:2", "not a number"),
            ("redis+cluster://a,,b", "name of a host is wrong"),
            ("redis+cluster://a/1", "one database"),
            ("redis+sentinel://a:1,b", "ends in the primary's name"),
            ("redis+sentinel://a/name/x", "not the number of a database"),
            ("redis+sentinel://a/name/0/1", "ends in the primary's name"),
            ("redis://h?banana=1", "banana is no parameter of a redis:// address; there are: db"),
            ("redis+cluster://h?banana=1", "there are none"),
            ("redis+cluster://h?db=1", "db is no parameter"),
            ("redis://h?password=x", "password is no parameter"),
            ("redis://h?banana", "banana is no parameter"),
            ("redis://h?DB=1", "DB is no parameter"),
            ("redis://h?db=", "db has no value"),
            ("redis://h?db=1&db=2", "db is given twice"),
            ("redis://h?protocol=2", "leave protocol out"),
            ("redis://h?decode_responses=true", "leave decode_responses out"),
            ("redis://h?socket_timeout=abc", "leave socket_timeout out of the address: KV_TIMEOUT_MS says it"),
            ("rediss://h?max_connections=2", "leave max_connections out"),
            ("redis+sentinel://h/name?socket_connect_timeout=1", "leave socket_connect_timeout out"),
            ("rediss://h?ssl_banana=1", "ssl_banana is not one of"),
            ("rediss://h?ssl_ca_certs=/nowhere.pem", "ssl_ca_certs: No such file"),
            ("rediss://h?ssl_check_hostname=perhaps", "ssl_check_hostname"),
            ("redis://h?ssl_ca_certs=/x", "without TLS"),
            ("unix:///s?ssl_ca_certs=/x", "without TLS"),
            ("embedded:///d?fsync=never", "fsync is one of"),
        ],
    )
    def test_in_one_line(self, text: str, says: str) -> None:
        with pytest.raises(ValueError, match=says) as error:
            StoreAddress.parse(text)
        assert "\n" not in str(error.value)

    @pytest.mark.parametrize(
        "text", ["redis://:sec/ret@h:1/0", "redis://u:secret@h:x", "redis://:s#ecret@h", "redis://:secret@h?a=b"]
    )
    def test_without_a_part_of_the_password(self, text: str) -> None:
        with pytest.raises(ValueError, match=r".") as error:
            StoreAddress.parse(text)
        assert "ret" not in str(error.value)

    @given(st.text(max_size=60) | st.text(max_size=40).map("redis://{}".format))
    def test_anything_else_too(self, text: str) -> None:
        with suppress(ValueError):  # and nothing else
            address = StoreAddress.parse(text)
            assert StoreAddress.parse(address.location()) == address or address.kind == "embedded"


class TestSameDatabase:
    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("redis://h", "redis://user:pass@H:6379/0", True),
            ("redis://h/1", "redis://h", False),
            ("redis://h:1", "redis://h:2", False),
            ("redis://localhost", "redis://127.0.0.1", True),
            ("redis://localhost", "rediss://[::1]/0", True),
            ("redis://127.0.0.1", "redis://[::ffff:127.0.0.1]", True),
            ("redis://h./0", "redis://h", True),
            ("redis+cluster://a,b", "redis+cluster://b,c", True),
            ("redis+cluster://a,b", "redis://b/0", True),
            ("redis+sentinel://a/x/0", "redis+sentinel://b,a/x/0", True),
            ("redis+sentinel://a/x/0", "redis+sentinel://a/x/1", False),
            ("redis+sentinel://a/x/0", "redis+sentinel://a/y/0", False),
            ("unix:///run/r.sock", "unix:///run/../run/r.sock?db=0", True),
            ("unix:///run/r.sock", "unix:///run/r.sock?db=1", False),
            ("embedded:///d", "embedded:///d?fsync=everysec", True),
            ("embedded:///d", "unix:///d/valkey/valkey.sock", True),
        ],
    )
    def test_as_far_as_addresses_say(self, one: str, other: str, same: bool) -> None:
        assert StoreAddress.parse(one).is_same_database(StoreAddress.parse(other)) is same

    def test_through_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path)
        one, other = (StoreAddress("unix", path=str(path)) for path in (tmp_path / "s", tmp_path / "link" / "s"))
        assert one.is_same_database(other)
