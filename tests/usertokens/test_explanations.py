"""A balance explained: what makes it up at any moment, and that the sum is proved by the journal alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.samples import samples
from tests.usertokens.test_machine import LedgerMachine
from usertokens import keys
from usertokens.errors import AccountClosed, JournalTooLong, MomentInFuture, NoLedgerYet
from usertokens.models import ArchivedEntry
from usertokens.services import accounts, balances, holds, journal, purchases, recharges, resets
from usertokens.services.archive import to_row
from usertokens.services.explanations import explain_balance

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 10, 29, 12, tzinfo=UTC)


class ExplainedMachine(LedgerMachine):
    """At the end of each history, every entry's moment is explained, before and after the journal is archived."""

    def teardown(self) -> None:
        if hasattr(self, "settings"):
            self.explain_all()
            journal.archive_journal(self.user, older_than=None, now=self.now)
            self.explain_all()
        super().teardown()

    def explain_all(self) -> None:
        last = len(self.model.journal)
        entries = [*journal.iterate_oldest_first(self.user, last, now=self.now)]
        assert [entry.id for entry in entries] == [*range(1, last + 1)]
        balances_at = {entry.at: entry.balance_after for entry in entries}
        for at, balance in balances_at.items():
            explained = explain_balance(self.user, at=at, now=self.now)
            assert explained.problems == ()
            assert explained.balance == balance == explained.terms.sum == explained.left - explained.debt
        present = explain_balance(self.user, now=self.now)
        assert present.is_present
        assert (present.problems, present.balance, present.held, present.debt) == (
            (), self.model.balance, self.model.held, self.model.debt
        )  # fmt: skip
        assert [grant.id for grant in present.grants if grant.left] == [grant.id for grant in self.model.burn_order()]


def test_every_moment_of_any_history(store: Any) -> None:
    ExplainedMachine.store = store
    run_state_machine_as_test(
        ExplainedMachine,
        settings=settings(
            max_examples=samples(20), stateful_step_count=40, deadline=None, report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate],
        ),
    )  # fmt: skip


@pytest.fixture
def ada(store: Any) -> str:
    """A user with a history over two months; the last entry is of NOW."""
    user_id = str(User.objects.create_user("ada").pk)
    balances.add_tokens(user_id, 500, reason="gift", actor="3", expires_at=ago(-3), now=ago(70))
    balances.spend_tokens(user_id, 40, reason="article", now=ago(60))
    image = balances.spend_tokens(user_id, 30, reason="image", now=ago(50))
    balances.reverse_entry(user_id, int(image.transaction_id), 10, reason="bad image", now=ago(49))
    purchases.grant_tokens(user_id, 1000, reason="top-up", key="pi_1", now=ago(40))
    holds.hold_tokens(user_id, 60, ttl_seconds=86400, reason="gpt", now=ago(0.1))
    purchases.reverse_grant(user_id, "pi_1", 300, now=NOW)
    return user_id


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


class TestExplainBalance:
    def test_says_what_became_of_each_grant(self, ada: str) -> None:
        found = explain_balance(ada, now=NOW)
        assert (found.balance, found.held, found.debt, found.is_proved, found.is_present) == (1240, 60, 0, True, True)
        assert [(grant.source, grant.priority, grant.left, grant.place) for grant in found.grants] == [
            ("allowance", 20, 40, 1), ("given", 50, 500, 2), ("purchase", 80, 700, 3),
            ("allowance", 20, 0, 0), ("allowance", 20, 0, 0),
        ]  # fmt: skip
        allowance, gift, bought, november, _ = (grant.terms for grant in found.grants)
        assert (allowance.granted, allowance.held) == (100, 60)
        assert (gift.granted, gift.sum) == (500, 500)
        assert (bought.granted, bought.taken_back) == (1000, 300)
        assert (november.granted, november.spent, november.given_back, november.expired) == (100, 30, 10, 80)
        assert [(one.reason, one.tokens, one.times) for one in found.spent_on] == [("article", 40, 1), ("image", 30, 1)]
        (hold,) = found.holds
        assert (hold.amount, hold.entry.reason, hold.expires_at) == (60, "gpt", ago(-0.9))

    def test_knows_of_an_earlier_moment_what_was_learnt_later(self, ada: str) -> None:
        balances.get_balance(ada, now=ago(-5))  # the gift has expired by then
        found = explain_balance(ada, at=ago(45), now=ago(-5))
        assert (found.balance, found.is_proved, found.is_present) == (580, True, False)
        allowance, gift, _ = found.grants
        assert (gift.source, gift.priority, gift.expires_at, gift.left) == ("given", 50, ago(-3), 500)
        assert (allowance.source, allowance.left, allowance.ended_by) == ("allowance", 80, ago(0.1))

    def test_a_capture_ends_the_hold_that_is_not_open_any_more(self, ada: str) -> None:
        """Two holds alike: an end does not say which one it ends."""
        second = holds.hold_tokens(ada, 40, ttl_seconds=600, reason="gpt", now=NOW)
        third = holds.hold_tokens(ada, 40, ttl_seconds=900, reason="gpt", now=NOW)
        holds.capture_hold(ada, third.id, 10, now=NOW)
        found = explain_balance(ada, now=NOW)
        assert found.problems == ()
        assert [hold.expires_at for hold in found.holds] == [ago(-0.9), second.expires_at]

    def test_reads_archive_and_store_alike(self, ada: str) -> None:
        before = explain_balance(ada, now=NOW)
        assert journal.archive_journal(ada, older_than=ago(45), now=NOW) == 7
        after = explain_balance(ada, now=NOW)
        assert (after.archived, after.terms, after.grants) == (7, before.terms, before.grants)
        # Copied, and not trimmed yet: the entries are in both.
        stored = [*journal.iterate_oldest_first(ada, after.entries, now=NOW)][7:]
        ArchivedEntry.objects.bulk_create([to_row(ada, entry) for entry in stored])
        assert explain_balance(ada, now=NOW).terms == before.terms

    def test_what_is_done_late_counts_from_then_on(self, ada: str) -> None:
        """The journal says what was done: a period that ended while nobody called is seen with the next call."""
        assert explain_balance(ada, at=ago(1), now=NOW).balance == 1580
        assert explain_balance(ada, at=ago(0.1), now=NOW).balance == 1540

    def test_reads_a_long_journal_in_parts(self, ada: str, django_assert_max_num_queries: Any) -> None:
        balances.add_tokens(ada, 5000, reason="gift", now=NOW)
        for number in range(1600):
            balances.spend_tokens(ada, 1 if number % 2 else 2, reason=f"job {number}", now=ago(-0.01))
        journal.archive_journal(ada, older_than=ago(10), now=ago(-0.01))
        with django_assert_max_num_queries(4):
            found = explain_balance(ada, now=ago(-0.01))
        assert found.problems == ()
        assert len(found.newest) == 10
        assert len(found.spent_on) == 1001
        assert sum(one.tokens for one in found.spent_on) == found.terms.spent

    @pytest.mark.parametrize(
        ("tamper", "problem"),
        [
            ({"amount": -41}, "the one before and its amount make"),
            ({"moves": [1, -39]}, "entry 3 takes 1 tokens from no grant"),
            ({"moves": [1, -41]}, "entry 3 pays a debt of 1, there is 0"),
            ({"moves": [9, -40]}, "grant 9, which no entry before it has granted"),
            ({"type": "release"}, "ends no hold that is open"),
            (None, "entries 3 to 3 are missing"),
        ],
    )
    def test_a_changed_archive_is_not_proved(self, ada: str, tamper: dict[str, Any] | None, problem: str) -> None:
        journal.archive_journal(ada, older_than=ago(45), now=NOW)
        row = ArchivedEntry.objects.filter(user_id=ada, entry=3)
        row.update(**tamper) if tamper else row.delete()
        assert problem in "; ".join(explain_balance(ada, now=NOW).problems)

    @pytest.mark.parametrize(("field", "value"), [("balance", 1241), ("left", 41), ("held", 61), ("debt", 1)])
    def test_a_changed_account_is_not_proved(self, ada: str, store: Any, field: str, value: int) -> None:
        store.hset(keys.account(ada), field, value)
        found = explain_balance(ada, now=NOW)
        assert not found.is_proved
        assert explain_balance(ada, at=ago(1), now=NOW).is_proved

    def test_refuses_moments_without_a_balance(self, ada: str, store: Any) -> None:
        with pytest.raises(NoLedgerYet) as early:
            explain_balance(ada, at=ago(71), now=NOW)
        assert early.value.first_at == ago(70)
        with pytest.raises(MomentInFuture):
            explain_balance(ada, at=ago(-1), now=NOW)
        with pytest.raises(NoLedgerYet) as new:
            explain_balance("4711", now=NOW)
        assert new.value.first_at is None
        assert store.exists(keys.account("4711")) == 0
        with pytest.raises(JournalTooLong):
            explain_balance(ada, most=11, now=NOW)
        accounts.forget_user(ada)
        with pytest.raises(AccountClosed):
            explain_balance(ada, now=NOW)

    def test_a_reset_begins_anew(self, ada: str) -> None:
        purchases.freeze_grant(ada, "pi_1", now=NOW)
        (hold,) = holds.list_holds(ada, now=NOW)
        holds.release_hold(ada, hold.id, now=NOW)
        resets.reset_user(ada, now=NOW)
        found = explain_balance(ada, now=NOW)
        assert (found.problems, found.balance, found.terms.frozen, found.terms.reset) == ((), 100, 0, 1300)

    def test_a_clock_that_ran_ahead(self, ada: str) -> None:
        """What expired under it and comes back, and allowances of periods that have not begun."""
        balances.spend_tokens(ada, 10, reason="early", now=ago(-40))
        assert explain_balance(ada, now=ago(-40)).problems == ()
        recharges.restore_expired([ada], now=NOW)
        found = explain_balance(ada, now=NOW)
        assert (found.problems, found.terms.restored) == ((), 500)
        (gift,) = (grant for grant in found.grants if grant.source == "given")
        assert (gift.left, gift.expires_at, gift.terms.expired, gift.terms.restored) == (500, ago(-3), 500, 500)
        for entry in journal.iterate_oldest_first(ada, found.entries, now=NOW):
            if entry.at <= NOW:
                assert explain_balance(ada, at=entry.at, now=NOW).problems == ()
