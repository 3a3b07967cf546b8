"""An older site's figures: taken over whole, as often as one likes, and its visitors recognised."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
import redis
from django.core.management import CommandError, call_command

from kv.errors import StoreUnavailable
from kv.store.embedded import EmbeddedServer
from kv.store.numbers import LARGEST_WHOLE
from stats import keys
from stats.errors import BadImport, TotalTooLarge
from stats.services.figures import read_figures
from stats.services.imports import import_csv, import_figure, import_visitors
from stats.services.series import list_days
from stats.services.usage import list_usage, record_usage
from stats.services.visits import record_visit
from tests.stats.callers import count_keys

KNOWN = ("203.0.113.1", "203.0.113.2", "203.0.113.3")


def digest(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


def uses(tool: str) -> int:
    return next(use.count for use in list_usage() if use.tool == tool)


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


@pytest.fixture
def socket_path(store_server: EmbeddedServer) -> str:
    store_server.ensure(30)
    return str(store_server.socket_path)


@pytest.fixture
def older(socket_path: str) -> Iterator[Any]:
    """An older site's store: another database of the server."""
    client = redis.Redis(unix_socket_path=socket_path, db=5)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture
def older_site(older: Any) -> Any:
    """Three visitors whose marks are kept, two whose marks are not, and figures of everything."""
    older.sadd("stats:visitors:ips", *(digest(address) for address in KNOWN))
    older.mset({"stats:visitors": 5, "stats:qr_total": 12, "stats:revenue": 34567, "usage:payment-qr": 8})
    older.set("user:7:stats", "not ours to read")
    return older


def backfill(socket_path: str, *options: str) -> str:
    out = io.StringIO()
    call_command("stats_backfill", "--from", f"unix://{socket_path}?db=5", *options, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def figures() -> tuple[int, int, int, int]:
    known = read_figures()
    return known.visitors, known.qr_total, known.revenue_cents, uses("payment-qr")


@pytest.mark.usefixtures("older_site")
class TestOlderStore:
    def test_is_taken_over_whole(self, socket_path: str) -> None:
        said = backfill(socket_path)
        assert figures() == (5, 12, 34567, 8)
        assert "visitors: 3 read, 3 added, 0 not understood" in said

    def test_a_visitor_who_comes_again_is_not_counted_again(self, socket_path: str) -> None:
        backfill(socket_path)
        assert [record_visit(address=address).counted for address in KNOWN] == [False] * 3
        assert record_visit(address="203.0.113.99").visitors == 6

    def test_twice_adds_nothing(self, socket_path: str) -> None:
        backfill(socket_path)
        said = backfill(socket_path)
        assert figures() == (5, 12, 34567, 8)
        assert "qr_total: 0 added" in said

    def test_later_adds_what_has_grown(self, socket_path: str, older: Any) -> None:
        backfill(socket_path)
        older.sadd("stats:visitors:ips", digest("203.0.113.4"))
        older.mset({"stats:visitors": 6, "stats:qr_total": 13, "stats:revenue": 35000, "usage:payment-qr": 10})
        backfill(socket_path)
        assert figures() == (6, 13, 35000, 10)

    def test_adds_to_what_was_counted_here(self, socket_path: str) -> None:
        record_visit(address="203.0.113.1")  # known to both
        record_visit(address="198.51.100.1")
        record_usage(tool="payment-qr")
        backfill(socket_path)
        assert figures() == (6, 12, 34567, 9)

    def test_a_dry_run_says_and_writes_nothing(self, socket_path: str, store: Any) -> None:
        said = backfill(socket_path, "--dry-run")
        assert "visitors: 3 read, 3 would be added" in said
        assert "revenue_cents: 34567 would be added" in said
        assert count_keys(store) == 0

    def test_the_older_store_is_only_read(self, socket_path: str, older: Any) -> None:
        before = {key: older.dump(key) for key in older.scan_iter()}
        backfill(socket_path)
        assert {key: older.dump(key) for key in older.scan_iter()} == before

    def test_two_sites_add_up(self, socket_path: str, older: Any) -> None:
        backfill(socket_path, "--name", "one")
        older.delete("stats:visitors:ips")
        older.mset({"stats:visitors": 2, "stats:qr_total": 1, "stats:revenue": 1, "usage:payment-qr": 1})
        backfill(socket_path, "--name", "two")
        assert figures() == (7, 13, 34568, 9)

    def test_plain_addresses_and_the_other_name_of_the_set_are_read_too(self, socket_path: str, older: Any) -> None:
        older.delete("stats:visitors:ips")
        older.sadd("stats:visitors_ips", "203.0.113.1", "::ffff:203.0.113.2", digest("203.0.113.3").upper())
        backfill(socket_path)
        assert figures()[0] == 5
        assert [record_visit(address=address).counted for address in KNOWN] == [False] * 3

    def test_a_member_that_is_no_visitor_still_belongs_to_the_total(self, socket_path: str, older: Any) -> None:
        older.sadd("stats:visitors:ips", "unknown")
        said = backfill(socket_path)
        assert "4 read, 3 added, 1 not understood" in said
        assert figures()[0] == 5

    def test_an_amount_that_is_no_whole_number_is_refused(self, socket_path: str, older: Any) -> None:
        older.set("stats:revenue", "345.67")
        with pytest.raises(CommandError, match="stats:revenue"):
            backfill(socket_path)

    def test_a_tool_that_is_not_listed_keeps_no_other_out(self, socket_path: str, older: Any, settings: Any) -> None:
        older.set("usage:forgotten", 5)
        assert "usage:forgotten: skipped, it is not in STATS_TOOLS" in backfill(socket_path)
        assert uses("payment-qr") == 8
        settings.STATS_TOOLS = ["payment-qr", "forgotten"]
        assert "usage:forgotten: 5 added" in backfill(socket_path)

    @pytest.mark.parametrize(
        ("call", "key"),
        [
            ("type", "stats:visitors:ips"),
            ("sscan", "stats:visitors:ips"),
            ("get", "stats:visitors"),
            ("scan", r"usage:\*"),
        ],
    )
    def test_one_that_goes_away_meanwhile_is_not_taken_for_ours(self, socket_path: str, call: str, key: str) -> None:
        with (
            patch.object(redis.Redis, call, side_effect=redis.ConnectionError("secret")),
            pytest.raises(CommandError, match=rf"--from: the older store can't be read: {key} \(Conn") as refused,
        ):
            backfill(socket_path)
        assert "secret" not in str(refused.value)

    @pytest.mark.parametrize("key", ["stats:visitors", "stats:revenue"])
    def test_a_key_of_another_kind_is_named(self, socket_path: str, older: Any, key: str) -> None:
        older.delete(key)
        older.hset(key, "a", 1)
        with pytest.raises(CommandError, match=f"the older store can't be read: {key}"):
            backfill(socket_path)

    def test_our_own_that_goes_away_meanwhile_is_named(self, socket_path: str) -> None:
        away = patch("stats.services.imports.import_figure_script.run", side_effect=StoreUnavailable("away"))
        with away, pytest.raises(CommandError, match="The store of counts can't be used: away"):
            backfill(socket_path)


class TestUnreachable:
    @pytest.mark.parametrize("url", ["redis://user:secret@127.0.0.1:1/0", "nonsense", "http://user:secret@example.org"])
    def test_is_one_line_without_the_password(self, url: str) -> None:
        with pytest.raises(CommandError, match="--from") as refused:
            call_command("stats_backfill", "--from", url)
        assert "secret" not in str(refused.value)

    def test_an_empty_store_adds_nothing(self, older: Any, socket_path: str) -> None:
        backfill(socket_path)
        assert figures() == (0, 0, 0, 0)


class TestImportVisitors:
    def test_many_go_in_batches(self) -> None:
        steps: list[int] = []
        members = (digest(f"10.0.{number >> 8}.{number & 255}").encode() for number in range(1001))
        result = import_visitors(members, dry_run=False, advance=steps.append)
        assert (result.read, result.added, result.unknown) == (1001, 1001, 0)
        assert sum(steps) == 1001
        assert read_figures().visitors == 1001

    @pytest.mark.parametrize("member", [b"", b"unknown", b"\xff\xfe", b"0" * 63, b"g" * 64])
    def test_what_is_no_visitor_is_told(self, member: bytes) -> None:
        result = import_visitors([member], dry_run=False)
        assert (result.read, result.added, result.unknown) == (1, 0, 1)


class TestImportFigure:
    def test_refuses_what_can_not_be(self) -> None:
        for figure, value in (("visitors", -1), ("visitors", LARGEST_WHOLE + 1), ("unknown", 1), ("usage:unknown", 1)):
            with pytest.raises(BadImport):
                import_figure(source="older", figure=figure, value=value)

    def test_never_leaves_the_exact_numbers(self, store: Any) -> None:
        store.set(keys.revenue(), LARGEST_WHOLE)
        with pytest.raises(TotalTooLarge):
            import_figure(source="older", figure="revenue_cents", value=1)
        assert read_figures().revenue_cents == LARGEST_WHOLE

    def test_large_numbers_stay_exact(self) -> None:
        import_figure(source="older", figure="revenue_cents", value=LARGEST_WHOLE - 1)
        assert read_figures().revenue_cents == LARGEST_WHOLE - 1


CSV = """date,figure,value
2026-03-09,visitors,10
2026-03-10,visitors,20
2026-03-10,qr_total,3
2026-03-10,revenue_cents,4500
2026-03-10,usage:payment-qr,7
"""


class TestCsv:
    def test_fills_the_days_and_the_totals(self) -> None:
        list(import_csv(io.StringIO(CSV), source="csv", dry_run=False))
        assert figures() == (30, 3, 4500, 7)
        now = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
        before, day = list_days(days=2, now=now)
        assert (before.visitors, day.visitors, day.payment_codes, day.revenue_cents) == (10, 20, 3, 4500)
        assert day.tools == {"payment-qr": 7}
        assert (before.day, day.day) == (date(2026, 3, 10) - timedelta(days=1), date(2026, 3, 10))

    def test_twice_adds_nothing_and_a_corrected_file_the_difference(self) -> None:
        for text in (CSV, CSV, CSV.replace("2026-03-10,visitors,20", "2026-03-10,visitors,25")):
            list(import_csv(io.StringIO(text), source="csv", dry_run=False))
        assert figures() == (35, 3, 4500, 7)

    def test_a_dry_run_writes_nothing(self, store: Any) -> None:
        list(import_csv(io.StringIO(CSV), source="csv", dry_run=True))
        assert count_keys(store) == 0

    @pytest.mark.parametrize(
        "row",
        [
            "2026-13-01,visitors,5", "yesterday,visitors,5", "2026-03-11,visitors,5.5", "2026-03-11,visitors,-5",
            "2026-03-11,visitors,", "2026-03-11,visitors", f"2026-03-11,visitors,{LARGEST_WHOLE + 1}",
            "2026-03-11,turnover,5", "2026-03-11,usage:unknown,5", "2026-03-10,visitors,5",
        ],
    )  # fmt: skip
    def test_a_wrong_line_is_named_and_nothing_is_written(self, row: str, store: Any) -> None:
        with pytest.raises(BadImport, match="line 7"):
            list(import_csv(io.StringIO(CSV + row + "\n"), source="csv", dry_run=False))
        assert count_keys(store) == 0

    @pytest.mark.parametrize("text", ["", "day,visitors\n2026-03-10,5\n"])
    def test_the_columns_are_required(self, text: str) -> None:
        with pytest.raises(BadImport, match="line 1"):
            list(import_csv(io.StringIO(text), source="csv", dry_run=False))


class TestCsvCommand:
    def test_reads_what_spreadsheets_write(self, tmp_path: Any) -> None:
        path = tmp_path / "older.csv"
        path.write_bytes(b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode())
        out = io.StringIO()
        call_command("stats_backfill", "--csv", str(path), stdout=out, stderr=io.StringIO())
        assert "visitors: 30 added" in out.getvalue()
        assert figures() == (30, 3, 4500, 7)

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"date,figure,value\n2026-03-10,visitors,\x00"])
    def test_what_can_not_be_read_is_one_line(self, tmp_path: Any, content: bytes) -> None:
        path = tmp_path / "older.csv"
        path.write_bytes(content)
        with pytest.raises(CommandError):
            call_command("stats_backfill", "--csv", str(path), stdout=io.StringIO(), stderr=io.StringIO())

    def test_a_file_that_is_not_there_is_one_line(self, tmp_path: Any) -> None:
        with pytest.raises(CommandError, match="--csv"):
            call_command("stats_backfill", "--csv", str(tmp_path / "none.csv"), stderr=io.StringIO())
