"""Background work: what the commands do, in steps that are short however many users there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone

from kv.errors import StoreUnavailable
from tests.sent_commands import sent_commands
from usertokens import duties, keys
from usertokens.duties import DUTIES, Walk
from usertokens.models import ArchivedEntry, StaffAction
from usertokens.services import accounts, balances, journal
from usertokens.services.recharges import recharge_users

pytestmark = pytest.mark.django_db


def test_they_do_what_the_commands_do(store: Any) -> None:
    old = timezone.now() - timedelta(days=120)
    balances.spend_tokens("5", 30, now=old)
    for duty in DUTIES:
        assert not duty.run()
    kinds = [(entry.type, entry.balance_after) for entry in journal.list_transactions("5").results]
    assert kinds == [("allowance", 100), ("expire", 0), ("spend", 70), ("allowance", 100)]
    assert ArchivedEntry.objects.count() == 2


def test_a_user_deleted_since_the_scan_stops_nothing(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    balances.spend_tokens("5", 1, now=timezone.now() - timedelta(days=100))
    accounts.forget_user("6")
    monkeypatch.setattr(duties, "iterate_users", lambda: iter(["6", "5"]))
    for duty in DUTIES:
        assert not duty.run()
    assert ArchivedEntry.objects.count() == 2
    assert store.exists(keys.account("6")) == 0


class TestWalk:
    @pytest.fixture
    def seen(self) -> list[str]:
        return []

    @pytest.fixture
    def walk(self, store: Any, seen: list[str], monkeypatch: pytest.MonkeyPatch) -> Walk:
        for number in range(7):
            balances.spend_tokens(str(number), 1)
        monkeypatch.setattr(duties, "STEP_SECONDS", 0)
        return Walk(seen.extend, 3)

    def test_goes_on_where_it_was(self, walk: Walk, seen: list[str]) -> None:
        for _ in range(2):
            seen.clear()
            # Three steps with somebody in them, and one that finds nobody left.
            assert [walk.step() for _ in range(4)] == [True, True, True, False]
            assert sorted(seen) == list("0123456")

    def test_is_one_step_where_there_is_time(
        self, walk: Walk, seen: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(duties, "STEP_SECONDS", 60)
        assert not walk.step()
        assert sorted(seen) == list("0123456")

    def test_begins_again_after_a_pause(self, walk: Walk, seen: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        # In a fixed order: a SCAN promises none, and the store may be growing its table between two of them.
        monkeypatch.setattr(duties, "iterate_users", lambda: iter("0123456"))
        monkeypatch.setattr(duties, "PAUSE_SECONDS", -1)
        assert [walk.step(), walk.step()] == [True, True]
        assert seen == list("012012")

    def test_begins_again_after_an_error(self, walk: Walk, seen: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        def cut_short() -> Iterator[str]:
            yield from "012"
            raise StoreUnavailable("test")

        with monkeypatch.context() as patch:
            patch.setattr(duties, "iterate_users", cut_short)
            assert walk.step()
            with pytest.raises(StoreUnavailable):
                walk.step()
        seen.clear()
        assert [walk.step() for _ in range(4)] == [True, True, True, False]
        assert sorted(seen) == list("0123456")


def _write_entries(now: datetime | None = None) -> None:
    for user_id in ("5", "6", "7"):
        for number in range(30):
            balances.spend_tokens(user_id, 1, key=str(number), now=now)


class TestNothingToRecharge:
    """A walk over accounts in which nothing is due runs no script."""

    # In a month's last hour the next allowance may be due, as far as two clocks may differ.
    MOMENT = datetime(2026, 11, 12, tzinfo=UTC)

    @pytest.fixture(autouse=True)
    def _entries(self, store: Any) -> None:
        _write_entries(self.MOMENT)

    def test_runs_no_script(self) -> None:
        with sent_commands() as sent:
            assert recharge_users(["5", "6", "7"], now=self.MOMENT) == 0
        assert [command[0] for command in sent] == ["HMGET"] * 3

    @pytest.mark.parametrize("hours", [0.5, 1.5])
    def test_asks_the_script_in_the_last_hour_of_a_month(self, hours: float) -> None:
        end = datetime(2026, 12, 1, tzinfo=UTC)
        with sent_commands() as sent:
            assert recharge_users(["5", "6", "7"], now=end - timedelta(hours=hours)) == 0
        assert [command[0] for command in sent].count("EVALSHA") == (3 if hours < 1 else 0)

    def test_runs_the_script_of_those_with_something_due(self, store: Any) -> None:
        store.hset(keys.account("6"), "due", 1)
        with sent_commands() as sent:
            recharge_users(["5", "6", "7"], now=self.MOMENT)
        assert [command[0] for command in sent if command[0] != "SCRIPT"] == [*["HMGET"] * 3, "EVALSHA"]


class TestNothingToArchive:
    """A walk over accounts in which nothing is old reads little, however much there is in them."""

    @pytest.fixture(autouse=True)
    def _entries(self, store: Any) -> None:
        _write_entries()

    @pytest.mark.parametrize("has_archive", [False, True])
    def test_archiving_reads_one_entry(self, store: Any, *, has_archive: bool) -> None:
        long_ago = timezone.now() - timedelta(days=duties.ARCHIVE_DAYS)
        if has_archive:
            journal.archive_journal("5", older_than=None)
            balances.spend_tokens("5", 1)
        pages: list[int] = []
        read = journal._reply

        def noted(user_id: str, highest: int | str, count: int, now: Any) -> Any:
            reply = read(user_id, highest, count, now)
            pages.append(len(reply[0]))
            return reply

        with patch.object(journal, "_reply", noted):
            assert journal.archive_journal("5", older_than=long_ago) == 0
        assert sum(pages) == 1
        assert len(pages) == 1 + has_archive

    def test_archiving_finds_what_is_old_behind_an_archive(self) -> None:
        journal.archive_journal("5", older_than=None)
        balances.spend_tokens("5", 1)
        assert journal.archive_journal("5", older_than=timezone.now() + timedelta(days=1)) == 1
        assert journal.archive_journal("5", older_than=timezone.now() + timedelta(days=1)) == 0


def test_old_forms_of_the_staff_are_forgotten(store: Any) -> None:
    for days in (0, 89, 91):
        StaffAction.objects.create(key=str(days))
        StaffAction.objects.filter(key=str(days)).update(at=timezone.now() - timedelta(days=days))
    for duty in DUTIES:
        assert not duty.run()
    assert sorted(StaffAction.objects.values_list("key", flat=True)) == ["0", "89"]
