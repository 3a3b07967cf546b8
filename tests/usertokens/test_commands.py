"""The commands, as an operator types them."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from usertokens import keys
from usertokens.management.commands import usertokens_archive
from usertokens.models import ArchivedEntry, Conversation
from usertokens.services import accounts, activity, balances, conversations, dashboards, journal

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out, stderr=StringIO(), verbosity=0)
    return out.getvalue()


class TestCheck:
    def test_clean(self, user: User) -> None:
        balances.spend_tokens(str(user.pk), 3)
        assert "1 ledgers checked, 0 wrong" in run("usertokens_check")

    @pytest.mark.parametrize(("field", "by"), [("balance", 1), ("left", -1), ("held", 5), ("debt", 2), ("entries", 1)])
    def test_finds_what_does_not_fit(self, user: User, store: Any, field: str, by: int) -> None:
        balances.spend_tokens(str(user.pk), 3)
        store.hincrby(keys.account(str(user.pk)), field, by)
        with pytest.raises(CommandError):
            run("usertokens_check")

    def test_finds_a_lost_entry(self, user: User, store: Any) -> None:
        balances.spend_tokens(str(user.pk), 3)
        store.rpop(keys.journal(str(user.pk)))
        with pytest.raises(CommandError):
            run("usertokens_check")

    def test_repairs_conversations(self, user: User, store: Any) -> None:
        conversations.record_conversation(str(user.pk), summary="one")
        store.hset(keys.stats(str(user.pk)), mapping={"conversations": 2, "recent_conversations": "[]"})
        with pytest.raises(CommandError):
            run("usertokens_check")
        assert "repaired" in run("usertokens_check", "--repair")
        stats = activity.get_user_stats(str(user.pk))
        assert stats is not None
        assert (stats.conversations, len(stats.recent_conversations)) == (1, 1)
        assert "conversations of 0 users" in run("usertokens_check")


class TestRecharge:
    def test_brings_the_allowance_of_who_has_not_come(self, store: Any) -> None:
        long_ago = timezone.now() - timedelta(days=70)
        balances.spend_tokens("5", 30, now=long_ago)
        assert "1 of 1 accounts would be" in run("usertokens_recharge", "--dry-run")
        assert "1 of 1 accounts were" in run("usertokens_recharge")
        assert "0 of 1 accounts were" in run("usertokens_recharge")
        kinds = [entry.type for entry in journal.list_transactions("5").results]
        assert kinds == ["allowance", "expire", "spend", "allowance"]


class TestArchive:
    def test_moves_and_reads_without_a_seam(self, store: Any) -> None:
        old = datetime(2026, 1, 10, tzinfo=UTC)
        for number in range(20):
            balances.spend_tokens("5", 1, reason=f"r{number}", now=old + timedelta(seconds=number))
        before = list(journal.iterate_transactions("5"))
        assert "21 entries would be" in run("usertokens_archive", "--dry-run")
        assert ArchivedEntry.objects.count() == 0
        assert "21 entries were" in run("usertokens_archive")
        assert ArchivedEntry.objects.count() == 21
        after = list(journal.iterate_transactions("5"))
        assert after[-20:] == before[-20:]
        first = journal.list_transactions("5", limit=5)
        assert [entry.id for entry in first.results] == list(range(after[0].id, after[0].id - 5, -1))
        assert "0 wrong" in run("usertokens_check")

    def test_an_old_spend_can_still_be_reversed(self, store: Any) -> None:
        old = datetime(2026, 1, 10, tzinfo=UTC)
        balances.add_tokens("5", 50, reason="gift", priority=1, now=old)
        spent = balances.spend_tokens("5", 20, now=old)
        run("usertokens_archive")
        balance = balances.get_balance("5").tokens.balance
        assert balances.reverse_entry("5", int(spent.transaction_id), 15, reason="x").balance == balance + 15

    def test_of_many_young_entries_the_newest_stay(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(journal, "KEPT", 4)
        start = timezone.now() - timedelta(days=20)
        for number in range(10):
            balances.spend_tokens("5", 1, reason=f"r{number}", now=start + timedelta(days=number))
        before, days = list(journal.iterate_transactions("5")), journal.list_daily_balances("5")
        gone = len(before) - 4
        assert f"{gone} entries would be" in run("usertokens_archive", "--dry-run")
        assert f"{gone} entries were" in run("usertokens_archive")
        assert (store.llen(keys.journal("5")), ArchivedEntry.objects.count()) == (4, gone)
        assert list(journal.iterate_transactions("5")) == before
        assert journal.list_daily_balances("5") == days
        assert [day.balance for day in days[:9]] == [0] * 9
        assert "0 entries were" in run("usertokens_archive")
        assert "0 wrong" in run("usertokens_check")

    def test_a_user_deleted_since_the_scan_stops_nothing(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        balances.spend_tokens("5", 1, now=timezone.now() - timedelta(days=100))
        accounts.forget_user("6")
        monkeypatch.setattr(usertokens_archive, "iterate_users", lambda: iter(["6", "5"]))
        assert "2 entries would be" in run("usertokens_archive", "--dry-run")
        assert "2 entries were" in run("usertokens_archive")

    def test_few_days_are_refused(self, store: Any) -> None:
        with pytest.raises(CommandError):
            run("usertokens_archive", "--days", "7")


class TestReset:
    def test_asks(self, user: User) -> None:
        with pytest.raises(CommandError):
            run("usertokens_reset", str(user.pk))
        balances.spend_tokens(str(user.pk), 3)
        run("usertokens_reset", str(user.pk), "--yes")
        assert balances.get_balance(str(user.pk)).tokens.balance == 100

    def test_nobody(self, store: Any) -> None:
        with pytest.raises(CommandError):
            run("usertokens_reset", "99", "--yes")


class TestExportAndForget:
    def test_everything_out_and_nothing_left(self, user: User, store: Any) -> None:
        user_id = str(user.pk)
        balances.spend_tokens(user_id, 3, reason="article", key="k")
        conversations.record_conversation(user_id, summary="one", messages=[{"role": "user", "content": "hi"}])
        data = json.loads(run("usertokens_export", user_id))
        assert (data["account"]["username"], data["tokens"]["balance"]) == ("ada", 97)
        assert [entry["type"] for entry in data["transactions"]] == ["spend", "allowance"]
        assert data["conversations"][0]["messages"] == [{"role": "user", "content": "hi"}]
        run("usertokens_forget", user_id, "--yes")
        assert list(store.scan_iter(match=f"user:{{{user_id}}}:*")) == []
        assert not User.objects.filter(pk=user_id).exists()
        assert not Conversation.objects.exists()
        run("usertokens_forget", user_id, "--yes")

    @pytest.mark.parametrize("user_id", ["7777", "nobody", "a{b}", "007"])
    def test_nobody(self, user: User, store: Any, user_id: str) -> None:
        before = set(store.scan_iter())
        for args in (("usertokens_export", user_id), ("usertokens_forget", user_id, "--yes")):
            with pytest.raises(CommandError):
                run(*args)
        assert set(store.scan_iter()) == before

    def test_an_id_of_nobody_is_closed_by_force(self, store: Any) -> None:
        assert "forgotten" in run("usertokens_forget", "7777", "--yes", "--force")
        assert json.loads(run("usertokens_export", "7777")) == {"user_id": "7777", "closed": True}

    def test_what_is_not_there_is_not_made(self, user: User, store: Any) -> None:
        user_id = str(user.pk)
        before = set(store.scan_iter())
        data = json.loads(run("usertokens_export", user_id))
        assert (data["account"]["username"], data["tokens"], data["transactions"]) == ("ada", None, [])
        assert set(store.scan_iter()) == before

    def test_what_only_the_database_has(self, user: User, store: Any) -> None:
        balances.spend_tokens("77", 3, now=timezone.now() - timedelta(days=100))
        run("usertokens_archive")
        store.flushall()
        data = json.loads(run("usertokens_export", "77"))
        assert [entry["type"] for entry in data["transactions"]] == ["spend", "allowance"]
        assert (data["account"], data["tokens"]) == (None, None)
        run("usertokens_forget", "77", "--yes")
        assert not ArchivedEntry.objects.exists()


class TestBackfill:
    def rows(self, path: Path, *rows: tuple[str, ...]) -> str:
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("user_id", "id", "at", "amount", "reason"), *rows])
        return str(path)

    def test_rows_are_taken_over_once(self, store: Any, tmp_path: Path) -> None:
        file = self.rows(
            tmp_path / "t.csv",
            ("7", "a", "2025-01-01T10:00:00", "500", "bought"),
            ("7", "b", "2025-01-02T10:00:00+00:00", "-20", "article"),
            ("7", "c", "2025-01-03T10:00:00", "x", "broken"),
        )
        assert run("usertokens_backfill", "--csv", file, "--dry-run").startswith("line 4")
        assert balances.get_balance("7").tokens.balance == 100
        assert "2 taken over, 0 known, 1 left out" in run("usertokens_backfill", "--csv", file)
        assert "0 taken over, 2 known, 1 left out" in run("usertokens_backfill", "--csv", file)
        assert balances.get_balance("7").tokens.balance == 580
        assert "0 wrong" in run("usertokens_check")

    def test_users_of_an_older_store(self, user: User, store: Any, store_server: Any) -> None:
        user_id = str(user.pk)
        url = f"unix://{store_server.socket_path}?db=1"
        with redis.Redis.from_url(url) as older:
            older.hset(f"user:{user_id}:stats", mapping={
                "conversations": "41", "generations": "7", "mood_score": "7.5", "days_active": "12",
                "recent_conversations": "[]", "plan": "Plus", "login_streak": "3", "longest_streak": "9",
            })  # fmt: skip
            older.set(f"user:{user_id}:last_login", "2026-01-05")
        assert "1 taken over" in run("usertokens_backfill", "--from", url)
        assert "0 taken over, 1 known" in run("usertokens_backfill", "--from", url)
        conversations.record_conversation(user_id, summary="one more")
        page = dashboards.read_dashboard(user_id)
        assert (page.stats.conversations, page.stats.generations, page.stats.plan) == (42, 7, "Plus")
        assert (page.stats.mood_score, page.stats.days_active, page.stats.longest_streak) == (7.5, 12, 9)
        assert "conversations of 0 users" in run("usertokens_check")
