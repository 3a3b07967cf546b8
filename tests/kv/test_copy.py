"""`kv_copy`: a whole store into another, live, again after an interruption, and held against it at the end."""

from __future__ import annotations

import threading
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from kv.backup.copy import Copier
from kv.store.connection import connection
from tests.engines import servers
from tests.kv.backups import fill
from tests.kv.servers import needs_redis7, plain, redis_7, standing_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engines import Server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """The server that is copied from."""
    with servers(1, lambda _: ()) as (server,):
        server.start()
        yield server


@pytest.fixture
def source(running: Server) -> Any:
    """Its client, with every type in it."""
    client = running.client()
    client.flushall()
    fill(client)
    return client


@pytest.fixture
def url(running: Server) -> str:
    return f"redis://127.0.0.1:{running.port}/0"


@pytest.fixture
def store(embedded_store: Any) -> Any:
    """Where it is copied to."""
    return embedded_store


def copy(url: str, *more: str) -> str:
    """Run it; what it said."""
    out = StringIO()
    try:
        call_command("kv_copy", f"--from={url}", *more, stdout=out, stderr=StringIO())
    except CommandError as error:
        raise CommandError(f"{out.getvalue()}\n{error}", returncode=error.returncode) from error
    return out.getvalue()


class TestCopy:
    def test_everything_and_it_says_so(self, source: Any, store: Any, url: str) -> None:
        before = plain(source)
        said = copy(url)
        assert f"{len(before)} keys copied, 0 were the same already" in said
        assert f"{len(before)} keys compared by type, value and expiry: all are the same." in said
        assert plain(store) == plain(source) == before

    def test_others_keys_are_left_where_they_are(self, source: Any, store: Any, url: str) -> None:
        source.mset({"foreign": 1, "{kv}:lease:x": "token"})
        store.set("mine", 1)
        copy(url)
        assert store.mget("foreign", "{kv}:lease:x", "mine", "{kv}:copying") == [None, None, b"1", None]

    @needs_redis7
    def test_from_redis_7(self, store: Any) -> None:
        with redis_7() as url:
            with standing_on(url) as older:
                older.hset("user:{1}:stats", mapping={"a": 1})
                older.zadd("user:{1}:z", {"third": 1 / 3})
                before = plain(older)
            copy(url)
        assert plain(store) == before

    def test_under_another_prefix(self, running: Server, store: Any, url: str) -> None:
        client = running.client()
        client.flushall()
        client.mset({"old*:{stats}:visitors": 5, "{stats}:visitors": 9})
        copy(url, "--from-prefix=old*:")
        assert store.get("{stats}:visitors") == b"5"
        assert store.dbsize() == 1

    def test_dry_run_compares_and_writes_nothing(self, source: Any, store: Any, url: str) -> None:
        with pytest.raises(CommandError, match="missing here"):
            copy(url, "--dry-run")
        assert store.dbsize() == 0

    def test_while_the_source_is_written(self, source: Any, store: Any, url: str) -> None:
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                source.mset({"{usage}:a": number, "{usage}:b": number})

        writer = threading.Thread(target=write)
        writer.start()
        try:
            with pytest.raises(CommandError, match="The stores differ"):
                copy(url)
        finally:
            stop.set()
            writer.join()
        assert store.get("{usage}:a") == store.get("{usage}:b")
        assert "2 keys copied" in copy(url)  # it is unfinished: nothing is asked
        assert plain(store) == plain(source)


class TestAgain:
    def test_goes_on_after_an_interruption(self, source: Any, store: Any, url: str, monkeypatch: Any) -> None:
        for number in range(100):
            source.hset(f"user:{{{number}}}:stats", "a", number)
        total = len(plain(source))
        write = Copier._read

        def break_off(self: Copier, *args: Any) -> Any:
            if store.dbsize() > total // 2:
                raise KeyboardInterrupt
            return write(self, *args)

        with monkeypatch.context() as patch:
            patch.setattr(Copier, "_read", break_off)
            with pytest.raises(CommandError, match="Stopped before its end"):
                call_command("kv_copy", f"--from={url}", stdout=StringIO(), stderr=StringIO())
        there = store.dbsize() - 1  # and the mark of the copy itself
        assert 0 < there < total
        assert f"{total - there} keys copied, {there} were the same already" in copy(url)
        assert plain(store) == plain(source)

    def test_over_other_keys_needs_replace_and_yes(self, source: Any, store: Any, url: str) -> None:
        store.set("{stats}:mine", 1)
        with pytest.raises(CommandError, match="say --replace"):
            copy(url, "--yes")
        with pytest.raises(CommandError, match="say --yes"):
            copy(url, "--replace")
        assert store.dbsize() == 1
        assert "1 that the source has not removed" in copy(url, "--replace", "--yes")
        assert plain(store) == plain(source)

    def test_a_finished_copy_asks_again(self, source: Any, store: Any, url: str) -> None:
        copy(url)
        with pytest.raises(CommandError, match="say --replace"):
            copy(url)
        assert "0 keys copied" in copy(url, "--replace", "--yes")


class TestComparison:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (lambda client: client.delete("{stats}:number"), "1 missing here"),
            (lambda client: client.set("{stats}:more", 1), "1 only here"),
            (lambda client: client.delete("{stats}:list") and client.sadd("{stats}:list", 1), "1 of another type"),
            (lambda client: client.zadd("{stats}:zset", {"a": 1.5000000000000002}, ch=True), "1 of another value"),
            (lambda client: client.lset("{stats}:list", 0, "x"), "1 of another value"),
            (lambda client: client.hset("{stats}:hash", "b", b"\xff") == 0, "1 of another value"),
            (lambda client: client.srem("{stats}:hashtable", "member 1" * 5), "1 of another value"),
            (lambda client: client.xack("{stats}:stream", "readers", "6-1"), "1 of another value"),
            (lambda client: client.setbit("{stats}:bits", 3, 1) == 0, "1 of another value"),
            (lambda client: client.pexpire("{stats}:string", 10**9), "1 of another expiry"),
            (lambda client: client.persist("{stats}:expiring"), "1 of another expiry"),
        ],
    )
    def test_finds_one_key_that_differs(self, change: Any, says: str, source: Any, store: Any, url: str) -> None:
        copy(url)
        assert change(store)
        with pytest.raises(CommandError, match=f"1 differ .*{says}") as error:
            copy(url, "--dry-run")
        assert error.value.returncode == 1


class TestRefusals:
    def test_the_store_itself(self, source: Any, url: str) -> None:
        with standing_on(url.replace("127.0.0.1", "localhost")), pytest.raises(CommandError, match="the store itself"):
            copy(url)
        assert connection() is not None
        assert not list(source.scan_iter("{kv}:*"))

    @pytest.mark.parametrize(
        ("url", "says"),
        [("banana", "--from: "), ("redis://127.0.0.1:1/0", "can't be used: refused"), ("embedded", "no data of")],
    )
    def test_a_source_that_there_is_not(self, url: str, says: str, store: Any, settings: Any, tmp_path: Any) -> None:
        settings.DATA_DIR = tmp_path
        with pytest.raises(CommandError, match=says):
            copy(url)
