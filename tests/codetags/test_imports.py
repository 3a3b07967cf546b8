"""What an older site has counted is taken over, once."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
import redis
from django.core.management import CommandError, call_command

from codetags import keys
from codetags.models import DailyHits
from codetags.services.counts import get_code
from codetags.services.imports import OldCount, import_hits
from kv.store.embedded import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db


def count(code: str) -> int:
    found = get_code(code)
    return found.count if found else 0


def backfill(**options: Any) -> str:
    out = io.StringIO()
    call_command("codetags_backfill", stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


class TestOlderStore:
    @pytest.fixture
    def other_site(self, store: Any, store_server: EmbeddedServer) -> Iterator[Any]:
        """Database 5 of the test's own server stands for another site's."""
        with redis.Redis(unix_socket_path=str(store_server.socket_path), db=5) as client:
            client.flushdb()
            client.mset({"qr:count:DEMO": 40, "qr:count:bt26": 2, "qr:count:no-code": 1, "other": 9})
            yield client
            client.flushdb()  # it is no part of `store` where that is another server

    @pytest.fixture
    def older(self, other_site: Any, store_server: EmbeddedServer) -> str:
        return f"unix://{store_server.socket_path}?db=5"

    def test_twice_adds_once(self, older: str, store: Any) -> None:
        assert backfill(url=older, dry_run=True) == "42 hits of 2 codes would be added; 1 names skipped.\n"
        assert count("DEMO") == 0
        assert backfill(url=older) == "42 hits of 2 codes added; 1 names skipped.\n"
        assert backfill(url=older) == "0 hits of 2 codes added; 1 names skipped.\n"
        assert (count("DEMO"), count("BT26")) == (40, 2)
        assert store.sismember(keys.unknown(), "DEMO")

    def test_adds_what_it_counted_since(self, older: str, other_site: Any) -> None:
        backfill(url=older)
        other_site.incrby("qr:count:DEMO", 5)
        assert backfill(url=older).startswith("5 hits")
        assert count("DEMO") == 45

    def test_what_has_no_date_is_kept_by_the_rollup(self, older: str, store: Any) -> None:
        backfill(url=older)
        assert DailyHits.objects.get(code="DEMO").date.isoformat() == keys.UNDATED
        store.flushdb()
        call_command("codetags_rollup", restore=True, stdout=io.StringIO())
        assert count("DEMO") == 40

    def test_a_reset_code_can_be_taken_over_again(self, older: str) -> None:
        backfill(url=older)
        call_command("codetags_reset", "BT26", yes=True, stdout=io.StringIO())
        assert backfill(url=older).startswith("2 hits")

    @pytest.mark.parametrize(
        "url",
        [
            "redis://127.0.0.1:1/0",
            "nonsense://",
            "redis://user:secret@127.0.0.1:1/0",
            "redis://user:sec/secret@127.0.0.1/0",
            "redis://user@127.0.0.1:secret/0",
            "redis://[secret/0",
            "redis://127.0.0.1:1/0?socket_timeout=secret",
            "http://user:secret@example.org",
        ],
    )
    def test_one_that_does_not_answer_is_one_line_without_the_password(self, store: Any, url: str) -> None:
        with pytest.raises(CommandError, match="--from: the older store can't be read") as refused:
            backfill(url=url)
        assert "sec" not in str(refused.value)
        assert "\n" not in str(refused.value)

    def test_one_that_goes_away_meanwhile(self, older: str) -> None:
        with (
            patch.object(redis.Redis, "get", side_effect=redis.ConnectionError("secret")),
            pytest.raises(CommandError, match=r"older store can't be read: qr:count:\S+ \(ConnectionError\)"),
        ):
            backfill(url=older)

    def test_a_key_of_another_kind_is_named(self, older: str, other_site: Any) -> None:
        other_site.hset("qr:count:HASH", "a", 1)
        with pytest.raises(CommandError, match="older store can't be read: qr:count:HASH"):
            backfill(url=older)

    def test_a_value_that_is_no_count_is_named(self, older: str, other_site: Any) -> None:
        other_site.set("qr:count:WORD", "many")
        with pytest.raises(CommandError, match="qr:count:WORD: 'many' is not a count"):
            backfill(url=older)


class TestCsv:
    def test_with_days(self, store: Any, tmp_path: Path) -> None:
        path = tmp_path / "hits.csv"
        path.write_text("code,date,count\ndemo,2026-05-01,3\nDEMO,2026-05-02,4\n")
        assert backfill(csv=path) == "7 hits of 1 codes added; 0 names skipped.\n"
        assert backfill(csv=path).startswith("0 hits")
        assert count("DEMO") == 7
        assert store.hget(keys.days("DEMO"), "2026-05-02") == b"4"
        assert DailyHits.objects.count() == 2

    @pytest.mark.parametrize(
        "text",
        [
            "name,hits\nDEMO,1\n",
            "code,count\nDEMO,-1\n",
            "code,date,count\nDEMO,1.5.26,1\n",
            "code,count\nDEMO\n",
            "code,count\nDEMO,5\nBT26,\n",
            "code,count\nDEMO,5\nDEMO,7\n",
            "code,date,count\nDEMO,2026-05-01,5\nDEMO,2026-05-01,7\n",
            "code,date,count\nDEMO,,5\nDEMO,1970-01-01,7\n",
        ],
    )
    def test_one_that_is_wrong(self, store: Any, tmp_path: Path, text: str) -> None:
        path = tmp_path / "hits.csv"
        path.write_text(text)
        with pytest.raises(CommandError, match=str(path)):
            backfill(csv=path)
        assert count("DEMO") == 0

    def test_a_code_that_stands_there_twice_is_named_with_its_line(self, store: Any, tmp_path: Path) -> None:
        path = tmp_path / "hits.csv"
        path.write_text("code,date,count\nDEMO,2026-05-01,5\nBT26,,1\nDEMO,2026-05-01,7\n")
        with pytest.raises(CommandError, match=r"line 4: DEMO of 2026-05-01 is here twice"):
            backfill(csv=path)
        assert store.exists(keys.imported()) == 0, "the whole file is checked first"

    def test_small_and_capital_letters_are_added_up(self, store: Any, tmp_path: Path) -> None:
        """An older site may have counted them apart."""
        path = tmp_path / "hits.csv"
        path.write_text("code,count\nDEMO,5\ndemo,7\n")
        assert backfill(csv=path) == "12 hits of 1 codes added; 0 names skipped.\n"
        assert backfill(csv=path).startswith("0 hits")


@pytest.mark.parametrize("hits", [-1, 2**53, 1.5, True])
def test_hits_that_can_not_be_are_refused(store: Any, hits: Any) -> None:
    with pytest.raises(ValueError, match="hits"):
        import_hits("older", [OldCount("DEMO", None, hits)])
    assert count("DEMO") == 0
