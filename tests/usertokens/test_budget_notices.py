"""`budget.reached` and the mail about it: at 80 and at 100 per cent, once each in a period, and never lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.utils import translation

from kv.models import EventReceiver, OutgoingEvent
from kv.store.connection import call, call_write
from tests.usertokens.mailing import mail_settings
from usertokens import keys
from usertokens.duties import recharge_batch
from usertokens.models import OutgoingMail
from usertokens.services import balances, budget_notices, budgets, holds
from usertokens.services.budget_letters import REACHED
from usertokens.types import Caps

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
MAILS = override_settings(**mail_settings("django.core.mail.backends.locmem.EmailBackend"))


@pytest.fixture
def user_id(user: User, store: Any) -> str:
    """1000 tokens more, and a receiver of the event."""
    balances.add_tokens(str(user.pk), 1000, reason="gift", now=NOW)
    EventReceiver.objects.create(url="https://example.org/hook", types=["budget.reached"])
    return str(user.pk)


def notices() -> list[tuple[Any, ...]]:
    """Tell, and what the outbox has then, oldest first."""
    budget_notices.tell_reached(now=NOW)
    rows = OutgoingEvent.objects.order_by("pk").values_list("data", flat=True)
    return [(row["budget"], row["percent"], row["used"]) for row in rows]


def test_at_eighty_and_at_hundred_per_cent_once_each(user_id: str) -> None:
    budgets.set_budget(user_id, day=10, now=NOW)
    for amount, expected in [(7, []), (1, [80]), (1, [80]), (1, [80, 100])]:
        balances.spend_tokens(user_id, amount, now=NOW)
        assert [percent for _, percent, _ in notices()] == expected
    (_, event) = OutgoingEvent.objects.order_by("pk")
    assert event.data == {
        "user_id": user_id, "budget": "day", "action": None, "period": "day", "percent": 100, "limit": 10, "used": 10,
        "opens_at": "2026-11-11T00:00:00+00:00",
    }  # fmt: skip
    assert event.at == NOW
    tomorrow = NOW + timedelta(days=1)
    balances.spend_tokens(user_id, 10, now=tomorrow)
    assert len(notices()) == 4


def test_given_back_and_spent_again_is_told_once(user_id: str) -> None:
    budgets.set_budget(user_id, day=10, now=NOW)
    for _ in range(3):
        entry = balances.spend_tokens(user_id, 10, now=NOW)
        balances.reverse_entry(user_id, int(entry.transaction_id), reason="undo", now=NOW)
    assert notices() == [("day", 80, 10), ("day", 100, 10)]


def test_what_is_on_hold_is_not_spent(user_id: str) -> None:
    budgets.set_budget(user_id, day=10, now=NOW)
    hold = holds.hold_tokens(user_id, 10, ttl_seconds=60, now=NOW)
    assert notices() == []
    holds.capture_hold(user_id, hold.id, 8, now=NOW)
    assert notices() == [("day", 80, 8)]


def test_another_limit_tells_anew_but_not_because_it_was_set(user_id: str) -> None:
    budgets.set_budget(user_id, month=10, now=NOW)
    balances.spend_tokens(user_id, 8, now=NOW)
    budgets.set_budget(user_id, month=8, now=NOW)
    assert notices() == [("month", 80, 8)]
    budgets.set_budget(user_id, month=20, now=NOW)
    balances.spend_tokens(user_id, 8, now=NOW)
    assert notices() == [("month", 80, 8), ("month", 80, 16)]
    # The other side's budget, and one that stays as it is, change nothing.
    budgets.set_budget(user_id, month=20, now=NOW)
    balances.spend_tokens(user_id, 1, now=NOW)
    assert len(notices()) == 2


@override_settings(TOKEN_ACTIONS={"image": 10})
def test_budgets_of_actions_and_of_all_are_told_each(user_id: str) -> None:
    budgets.set_budget(user_id, day=100, month=25, actions={"image": Caps(day=20)}, now=NOW)
    balances.spend_tokens(user_id, action="image", quantity=2, now=NOW)
    assert sorted(notices()) == [("actions.image.day", 80, 20), ("actions.image.day", 100, 20), ("month", 80, 20)]


def test_nothing_is_lost_when_the_list_of_users_is(user_id: str) -> None:
    budgets.set_budget(user_id, day=10, now=NOW)
    balances.spend_tokens(user_id, 10, now=NOW)
    call_write("DEL", keys.reached())
    assert notices() == []
    recharge_batch([user_id])
    assert len(notices()) == 2
    assert call("HGET", keys.account(user_id), "reached") is None


def test_a_failure_of_the_database_keeps_the_note(user_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    budgets.set_budget(user_id, day=10, now=NOW)
    balances.spend_tokens(user_id, 10, now=NOW)

    def away(*_: Any, **__: Any) -> None:
        raise RuntimeError("away")

    with monkeypatch.context() as patched:
        patched.setattr(budget_notices, "emit", away)
        with pytest.raises(RuntimeError):
            budget_notices.tell_reached(now=NOW)
    assert len(notices()) == 2


def test_a_note_that_comes_while_others_are_told_stays(user_id: str) -> None:
    budgets.set_budget(user_id, day=10, now=NOW)
    balances.spend_tokens(user_id, 8, now=NOW)
    seen = call("HGET", keys.account(user_id), "reached")
    balances.spend_tokens(user_id, 2, now=NOW)
    budget_notices.clear_reached_script.run([keys.account(user_id)], [seen])
    left = call("HGET", keys.account(user_id), "reached").decode()
    assert left.startswith("day 100 10 10 ")
    assert "\n" not in left


def test_unread_notes_are_bounded(user_id: str) -> None:
    for day in range(60):
        now = NOW + timedelta(days=day)
        budgets.set_budget(user_id, day=1, now=now)
        balances.spend_tokens(user_id, 1, now=now)
    assert call("HGET", keys.account(user_id), "reached").count(b"\n") == 99


class TestMail:
    @MAILS
    def test_one_for_each_share_that_is_reached(self, user_id: str) -> None:
        budgets.set_budget(user_id, day=10, now=NOW)
        balances.spend_tokens(user_id, 8, now=NOW)
        notices()
        balances.spend_tokens(user_id, 2, now=NOW)
        notices()
        mails = OutgoingMail.objects.filter(kind=REACHED.name).order_by("pk")
        assert [mail.data["percent"] for mail in mails] == [80, 100]

    @MAILS
    def test_one_mail_where_both_are_reached_at_once(self, user_id: str) -> None:
        budgets.set_budget(user_id, day=10, now=NOW)
        balances.spend_tokens(user_id, 10, now=NOW)
        assert len(notices()) == 2
        (mail,) = OutgoingMail.objects.filter(kind=REACHED.name)
        assert mail.data["percent"] == 100
        data = REACHED.check(user_id, mail.data, NOW)
        assert data is not None
        with translation.override("en"):
            letter = REACHED.write(data)
        assert letter.subject == "Your daily budget is used up"
        assert letter.paragraphs == ("What goes over it is refused until 11 November 2026.",)
        assert letter.facts == (("Budget", "10"), ("Used or on hold", "10"))

    @MAILS
    def test_old_news_is_not_sent(self, user_id: str) -> None:
        budgets.set_budget(user_id, day=10, now=NOW)
        entry = balances.spend_tokens(user_id, 8, now=NOW)
        notices()
        (mail,) = OutgoingMail.objects.filter(kind=REACHED.name)
        assert REACHED.check(user_id, mail.data, NOW) is not None
        assert REACHED.check(user_id, mail.data, NOW + timedelta(days=1)) is None
        balances.reverse_entry(user_id, int(entry.transaction_id), reason="undo", now=NOW)
        assert REACHED.check(user_id, mail.data, NOW) is None
        budgets.set_budget(user_id, now=NOW)
        assert REACHED.check(user_id, mail.data, NOW) is None
