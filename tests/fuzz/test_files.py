"""Whatever stands in a file: it is read, or refused with a sentence, and a refused one leaves the store as it was."""

from __future__ import annotations

import io
import json
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import example, given
from hypothesis import strategies as st

from kv.backup import file as backup_file
from kv.errors import UnusableBackup
from stats.services.figures import forget_figures, read_figures
from stats.services.usage import list_usage
from tests.fuzz.depth import examples
from tests.kv.backups import contents, fill, put_back, save
from usertokens.services.audits import check_ledgers
from usertokens.services.imports import import_older_store
from usertokens.services.user_ids import iterate_users

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# What stands in a cell: anything, and what comes close to being right.
numbers = st.integers(-5, 10**13).map(str) | st.sampled_from(["", " 7 ", "+7", "1e3", "٣", "9" * 5000, "-0", "0x1f"])
days = st.dates().map(str) | st.sampled_from(["2026-05-31", "2026-05-31T10:00:00+02:00", "0001-01-01", "20260531"])
words = st.text(max_size=12) | st.sampled_from(
    ["", "DEMO", "~OTHER", "}", "{x}", "user:{1}", "\x00", "é" * 40, "x" * 300]
)


def cells(*columns: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Lines with these columns, some of them too short or too long, as a text that is no longer sure to be CSV."""
    line = st.tuples(*columns).map(",".join) | st.lists(words | numbers, max_size=7).map(",".join) | words
    return st.lists(line, max_size=6).map("\n".join)


def anything(heading: str, *columns: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """A file with its heading, with another, or of bytes that are no text."""
    text = cells(*columns)
    with_heading = text.map(lambda body: f"{heading}\n{body}".encode("utf-8", "surrogatepass"))
    return (
        with_heading
        | st.binary(max_size=300).map(lambda body: heading.encode() + b"\n" + body)
        | st.binary(max_size=300)
    )


class TestBackup:
    @examples(60)
    @given(data=st.binary(max_size=3000), beginning=st.integers(0, len(backup_file.MAGIC)))
    def test_of_any_bytes_is_refused(self, data: bytes, beginning: int, tmp_path: Path) -> None:
        path = tmp_path / "any.backup"
        path.write_bytes(backup_file.MAGIC[:beginning] + data)
        with path.open("rb") as file, pytest.raises(UnusableBackup):
            backup_file.Reader(file).verify()

    @examples(60)
    @given(
        header=st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["version", "created", "prefix", "server", "families"]), inner)
            ),
        ).map(lambda value: json.dumps(value).encode())
        | st.binary(max_size=200)
    )
    @example(header=b"[" * 100_000)
    @example(header=b'{"version": ' + b"9" * 5000 + b"}")
    @example(header=b"\xff\xfe\x00")
    def test_with_any_header_is_refused(self, header: bytes, tmp_path: Path) -> None:
        path = tmp_path / "any.backup"
        path.write_bytes(backup_file.MAGIC + struct.pack(">I", len(header)) + header)
        with path.open("rb") as file, pytest.raises(UnusableBackup):
            backup_file.Reader(file).verify()

    @examples(60)
    @given(data=st.data())
    def test_with_anything_altered_restores_nothing(self, data: st.DataObject, store: Any, tmp_path: Path) -> None:
        path = tmp_path / "whole.backup"
        if not path.exists():
            fill(store)
            save(path)
            store.flushall()
            store.set("{stats}:visitors", 7)
        whole = path.read_bytes()
        before = contents(store)
        start = data.draw(st.integers(0, len(whole) - 1))
        length = data.draw(st.integers(0, 9))
        altered = whole[:start] + data.draw(st.binary(max_size=9)) + whole[start + length :]
        if altered == whole:
            return
        damaged = tmp_path / "damaged.backup"
        damaged.write_bytes(altered)
        with pytest.raises(UnusableBackup):
            put_back(damaged, replace=True)
        assert contents(store) == before


class TestCsv:
    """Each command is run twice: what it took over the first time, it does not take over again."""

    def run(self, command: str, path: Path, content: bytes) -> bool:
        path.write_bytes(content)
        with suppress(CommandError):
            call_command(command, f"--csv={path}", stdout=io.StringIO(), stderr=io.StringIO())
            return True
        return False

    def figures(self) -> Any:
        forget_figures()
        known = read_figures()
        return known.visitors, known.qr_total, known.revenue_cents, list_usage()

    @examples(60)
    @given(
        content=anything(
            "date,figure,value", days, st.sampled_from(["visitors", "qr_total", "usage:x"]) | words, numbers
        )
    )
    def test_of_figures_is_taken_over_once_or_refused_whole(self, content: bytes, store: Any, tmp_path: Path) -> None:
        before = self.figures()
        taken = self.run("stats_backfill", tmp_path / "figures.csv", content)
        after = self.figures()
        assert taken or after == before, "a refused file has changed something"
        self.run("stats_backfill", tmp_path / "figures.csv", content)
        assert self.figures() == after

    @examples(60)
    @given(content=anything("code,date,count", words, days, numbers))
    @example(content=b"code,count\nDEMO," + b"9" * 5000)
    @example(content=b"code,count\n" + b"x" * 200_000 + b",1")
    def test_of_codes_is_taken_over_once_or_refused(self, content: bytes, store: Any, tmp_path: Path) -> None:
        self.run("codetags_backfill", tmp_path / "codes.csv", content)
        first = {key: store.get(key) for key in store.keys("{qr}:count:*")}
        self.run("codetags_backfill", tmp_path / "codes.csv", content)
        assert {key: store.get(key) for key in store.keys("{qr}:count:*")} == first

    @examples(60)
    @given(content=anything("user_id,id,at,amount,reason", words, words, days, numbers, words))
    @example(content=b"user_id,id,at,amount,reason\n},a,2026-05-31,5,x")
    @example(content=b"user_id,id,at,amount,reason\n" + b"u" * 5000 + b",a,2026-05-31,5,x")
    def test_of_tokens_is_taken_over_once_or_refused_by_line(self, content: bytes, store: Any, tmp_path: Path) -> None:
        self.run("usertokens_backfill", tmp_path / "tokens.csv", content)
        users = sorted(set(iterate_users()))
        first = check_ledgers(users)
        assert not [report for report in first if report.problems]
        assert all(len(user) <= 64 and user.isascii() for user in users)
        self.run("usertokens_backfill", tmp_path / "tokens.csv", content)
        assert check_ledgers(sorted(set(iterate_users()))) == first


class OlderStore:
    """A store of one user, as far as the import asks it."""

    def __init__(self, fields: dict[bytes, bytes], last_login: bytes) -> None:
        self.fields, self.last_login = fields, last_login

    def scan_iter(self, match: str, count: int) -> list[bytes]:
        return [b"user:7:stats"]

    def hgetall(self, key: bytes) -> dict[bytes, bytes]:
        return self.fields

    def get(self, key: bytes) -> bytes:
        return self.last_login


NAMES = [b"conversations", b"mood_score", b"plan", b"recent_conversations", b"login_streak", b"\xff"]
items = st.dictionaries(st.sampled_from(["id", "summary", "at"]), st.none() | st.integers() | words | days)
recent = st.lists(items, max_size=4).map(json.dumps)


@examples(60)
@given(
    fields=st.dictionaries(
        st.sampled_from(NAMES), (recent | numbers | words).map(lambda text: text.encode("utf-8", "surrogatepass"))
    ),
    last_login=days.map(str.encode) | st.binary(max_size=12),
)
@example(fields={b"recent_conversations": b"[" * 100_000}, last_login=b"")
@example(fields={b"recent_conversations": b'[{"id": 1, "summary": 2, "at": 3}]'}, last_login=b"")
@example(fields={b"mood_score": b"nan", b"conversations": b"-1"}, last_login=b"")
def test_a_user_of_an_older_store_is_taken_over_or_left_out(
    fields: dict[bytes, bytes], last_login: bytes, store: Any
) -> None:
    (done,) = import_older_store(OlderStore(fields, last_login), dry_run=False)
    assert done.name == "7"
    assert not (done.added and done.problem)
