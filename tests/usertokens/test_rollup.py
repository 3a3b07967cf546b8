"""Usage is added up from the journals, each entry once: whoever is killed, whatever is restored, however many walk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.utils import timezone

from kv.days import local_day
from kv.sql.transactions import atomic_for
from kv.store.connection import call, call_write
from tests.usertokens.journals import DAY, site, site_of_users, spent_today, walk, write_entry
from usertokens import keys
from usertokens.models import ArchivedEntry, TokenLedger, Usage, UserUsage
from usertokens.services import accounts, balances, directory, holds, journal, resets, rollup, usage

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)


class TestWhatIsCounted:
    def test_a_hold_counts_what_was_captured(self, ada: str) -> None:
        balances.spend_tokens(ada, 40)
        held = holds.hold_tokens(ada, 10, ttl_seconds=60)
        walk()
        assert spent_today() == 40
        holds.capture_hold(ada, held.id, 4)
        released = holds.hold_tokens(ada, 10, ttl_seconds=60)
        holds.release_hold(ada, released.id)
        balances.add_tokens(ada, 500, reason="gift")
        for _ in range(3):
            walk()
        assert site() == {(local_day().isoformat(), ""): (2, 2, 44)} == site_of_users()

    def test_what_is_given_back_lowers_nothing(self, ada: str) -> None:
        spent = balances.spend_tokens(ada, 40)
        balances.reverse_entry(ada, int(spent.transaction_id), reason="it failed")
        walk()
        assert spent_today() == 40

    @pytest.mark.parametrize(
        ("entry", "counted"),
        [
            (("spend", 3, "", 1), ("", 1, 1, 3)),
            (("spend", 0, "gpt:input", 40), ("gpt:input", 1, 40, 0)),
            (("spend", 10**12, "image", 7), ("image", 1, 7, 10**12)),
            (("capture", 5, "", 1), ("", 1, 1, 5)),
            (("capture", 5, "image", 2), ("image", 1, 2, 5)),
            (("capture", 0, "image", 2), ("image", 1, 2, 0)),
            (("capture", 0, "", 1), None),
            (("spend", 1, "Bild – größer", 2**50), ("Bild – größer", 1, 2**50, 1)),
            *(((kind, 5, action, 1), None) for action in ("", "image") for kind in (
                "hold", "release", "hold_expired", "reverse", "expire", "adjust", "reset", "refund", "freeze",
                "unfreeze", "restore", "allowance", "rollover", "grant")),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("archived", [False, True])
    def test_kinds_of_entries(
        self, store: Any, ada: str, entry: tuple[str, int, str, int], counted: Any, *, archived: bool
    ) -> None:
        kind, tokens, action, quantity = entry
        balances.get_balance(ada, now=NOON)
        write_entry(store, ada, NOON, kind, tokens, action=action, quantity=quantity)
        if archived:
            journal.archive_journal(ada, older_than=None, now=NOON)
        live = usage.usage_between(ada, DAY, DAY).actions
        walk()
        expected = {("2026-05-10", counted[0]): counted[1:]} if counted else {}
        assert site() == expected == site_of_users()
        # The same was there before anything was added up, and afterwards from the rows.
        assert [(one.action, one.count, one.quantity, one.spent) for one in live] == ([counted] if counted else [])
        assert usage.usage_between(ada, DAY, DAY).actions == live

    @pytest.mark.parametrize(
        "zone", ["UTC", "Asia/Kathmandu", "America/New_York", "Pacific/Chatham", "Australia/Lord_Howe"]
    )
    @pytest.mark.parametrize("archived", [False, True])
    def test_days_are_those_of_the_site(self, store: Any, ada: str, zone: str, *, archived: bool) -> None:
        with override_settings(TIME_ZONE=zone):  # which clears what Django has cached of it
            here = timezone.get_default_timezone()
            midnight = datetime(2026, 4, 5, tzinfo=here)  # a day on which clocks change here and there
            moments = [midnight + timedelta(milliseconds=ms) for ms in (-1, 0, 1, 86_399_999 + 3_600_000)]
            expected: dict[str, int] = {}
            for moment in moments:
                write_entry(store, ada, moment, "spend", 1, action="image")
                day = moment.astimezone(here).date().isoformat()
                expected[day] = expected.get(day, 0) + 1
            if archived:
                journal.archive_journal(ada, older_than=None, now=moments[-1])
            walk()
            assert {day: sums[2] for (day, action), sums in site().items() if action} == expected


class TestOnce:
    def test_a_second_walk_adds_nothing(self, store: Any, ada: str) -> None:
        write_entry(store, ada, NOON, "spend", 3, action="image")
        walk()
        assert walk() == 0
        write_entry(store, ada, NOON, "spend", 4, action="image")
        walk()
        assert site() == {("2026-05-10", "image"): (2, 2, 7)} == site_of_users()

    @pytest.mark.parametrize("where", ["_write", "_add_to_site", "upsert_rows"])
    def test_killed_between_two_steps(self, store: Any, ada: str, where: str) -> None:
        """Whatever was written of a walk that broke off is rolled back with its mark."""
        write_entry(store, ada, NOON, "spend", 3, action="image")
        real = getattr(rollup, where)

        def die_behind(*args: Any, **kwargs: Any) -> None:
            real(*args, **kwargs)
            raise KeyboardInterrupt

        with patch.object(rollup, where, die_behind), pytest.raises(KeyboardInterrupt):
            walk()
        assert site() == {} == site_of_users()
        assert usage.usage_between(ada, DAY, DAY).total == 3
        walk()
        walk()
        assert site() == {("2026-05-10", "image"): (1, 1, 3)} == site_of_users()

    def test_two_walks_at_once(self, ada: str) -> None:
        """The second walk has its turn while the first waits for the rows."""
        balances.spend_tokens(ada, 5)
        wait = atomic_for

        def wait_for_another(model: Any) -> Any:
            with patch.object(directory, "atomic_for", wait):
                balances.spend_tokens(ada, 2)
                walk()
            return wait(model)

        with patch.object(directory, "atomic_for", wait_for_another):
            walk()
        walk()
        assert spent_today() == 7

    def test_a_report_beside_a_walk(self, store: Any, ada: str) -> None:
        """A roll-up between the reads of a report changes none of its figures."""
        for number in range(5):
            write_entry(store, ada, NOON, "spend", number + 1, action="image")
        reads: list[str] = ["uses_of_rows", "_mark", "_recent_marks", "read_rest", "read_rest_of"]
        for name in reads:
            TokenLedger.objects.update(summed=0)
            UserUsage.objects.all().delete()
            Usage.objects.all().delete()
            real = getattr(usage, name)

            def beside(*args: Any, real: Callable[..., Any] = real, **kwargs: Any) -> Any:
                walk()
                return real(*args, **kwargs)

            with patch.object(usage, name, beside):
                assert usage.usage_between(ada, DAY, DAY).total == 15, name
                assert usage.site_usage_between(DAY, DAY).total == 15, name

    def test_an_older_backup_of_the_store_adds_nothing_twice(self, store: Any, ada: str) -> None:
        balances.spend_tokens(ada, 40)
        walk()
        TokenLedger.objects.filter(pk=ada).update(summed=99)
        assert usage.usage_between(ada, local_day(), local_day()).total == 40
        walk()
        assert spent_today() == 40
        balances.spend_tokens(ada, 5)
        walk()
        assert spent_today() == 45

    def test_a_walk_over_an_empty_store_adds_nothing_twice(self, store: Any, ada: str) -> None:
        balances.spend_tokens(ada, 40)
        walk()
        names = [name for name in keys.everything(ada) if call("EXISTS", name)]
        backup = [(name, call("DUMP", name)) for name in names]
        call_write("DEL", *names)
        walk()
        for name, value in backup:
            call_write("RESTORE", name, 0, value)
        walk()
        assert spent_today() == 40 == usage.read_usage(ada).total
        balances.spend_tokens(ada, 5)
        walk()
        assert spent_today() == 45

    def test_a_reset_loses_nothing(self, ada: str) -> None:
        balances.spend_tokens(ada, 40)
        walk()
        balances.spend_tokens(ada, 5)
        resets.reset_user(ada)
        balances.spend_tokens(ada, 3)
        assert usage.read_usage(ada).total == 48
        walk()
        assert spent_today() == 48 == usage.read_usage(ada).total

    def test_a_deleted_user_stays_in_the_sums_of_the_site(self, store: Any, ada: str, bob: str) -> None:
        write_entry(store, ada, NOON, "spend", 3, action="image")
        write_entry(store, bob, NOON, "spend", 4, action="image")
        walk()
        write_entry(store, ada, NOON, "spend", 5, action="image")
        accounts.delete_account(User.objects.get(pk=ada))
        walk()
        assert site() == {("2026-05-10", "image"): (3, 3, 12)}
        assert [row.user_id for row in UserUsage.objects.all()] == [bob]

    def test_the_usage_of_users_who_are_gone_goes_with_their_row(self, store: Any, ada: str, bob: str) -> None:
        """Users whom something else has deleted, without a signal."""
        for user_id in (ada, bob):
            write_entry(store, user_id, NOON, "spend", 3, action="image")
        walk()
        User.objects.filter(pk=ada)._raw_delete("default")
        directory.drop_gone([ada, bob])
        assert [row.user_id for row in UserUsage.objects.all()] == [bob]
        assert site()["2026-05-10", "image"] == (2, 2, 6)

    def test_a_long_journal_is_added_up_in_parts(self, store: Any, ada: str) -> None:
        for _ in range(7):
            write_entry(store, ada, NOON, "spend", 1)
        with patch.object(rollup, "_ENTRIES", 3):
            for done in (3, 6, 7):
                walk()
                assert site()["2026-05-10", ""][2] == done
                assert usage.usage_between(ada, DAY, DAY).total == 7
                assert usage.site_usage_between(DAY, DAY).total == 7

    def test_a_long_archive_is_added_up_in_parts(self, store: Any, ada: str, bob: str) -> None:
        for user_id in (ada, bob):
            for _ in range(4):
                write_entry(store, user_id, NOON, "spend", 1, action="image")
            journal.archive_journal(user_id, older_than=None, now=NOON)
            write_entry(store, user_id, NOON, "spend", 1, action="image")
        before = {one: ArchivedEntry.objects.filter(user_id=one, type="spend").count() for one in (ada, bob)}
        assert before == {ada: 4, bob: 4}
        with patch.object(rollup, "_ARCHIVED", 3):
            for _ in range(6):
                assert usage.usage_between(ada, DAY, DAY).total == 5
                assert usage.usage_between(bob, DAY, DAY).total == 5
                assert usage.site_usage_between(DAY, DAY).total == 10
                walk()
        assert site() == {("2026-05-10", "image"): (10, 10, 10)} == site_of_users()
