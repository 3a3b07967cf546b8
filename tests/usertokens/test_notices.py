"""What users are told by mail of their tokens and plan: each once, and only what is true when it is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.usertokens.mailing import (
    ADDRESS,
    NOW,
    Mailbox,
    part,
    send,
    spend,
    the_mail,
)
from usertokens import keys
from usertokens.models import OutgoingMail
from usertokens.services import balances, holds, mails, notices, plans, resets
from usertokens.services.mail_choices import switch_mail
from usertokens.services.mails import waiting_count


def _fail(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError


class TestLowBalance:
    def test_is_told_once_for_each_fall(self, mailbox: Mailbox, reader: User) -> None:
        spend(reader, 91)
        send()
        spend(reader, 2)
        send()
        assert mailbox.subjects == ["9 tokens left"]
        balances.add_tokens(str(reader.pk), 50, reason="gift", now=NOW)
        spend(reader, 57)
        send()
        assert mailbox.subjects == ["9 tokens left", "No tokens left"]
        assert [to for to, _ in mailbox.taken] == [[ADDRESS], [ADDRESS]]

    def test_tokens_that_come_back_are_no_news(self, mailbox: Mailbox, reader: User) -> None:
        spend(reader, 88)
        for minutes in range(12):
            now = NOW + timedelta(minutes=minutes)
            hold = holds.hold_tokens(str(reader.pk), 3, ttl_seconds=60, now=now)
            send(now)
            holds.release_hold(str(reader.pk), hold.id, now=now)
        assert mailbox.subjects == ["9 tokens left"]
        balances.add_tokens(str(reader.pk), 20, reason="gift", now=NOW)
        spend(reader, 24)
        send(NOW + timedelta(minutes=20))
        assert mailbox.subjects == ["9 tokens left", "8 tokens left"]

    def test_is_told_again_on_the_next_day(self, mailbox: Mailbox, reader: User) -> None:
        spend(reader, 88)
        for hours, count in ((0, 1), (23, 1), (24, 2)):
            now = NOW + timedelta(hours=hours)
            hold = holds.hold_tokens(str(reader.pk), 3, ttl_seconds=60, now=now)
            send(now)
            holds.release_hold(str(reader.pk), hold.id, now=now)
            assert len(mailbox.taken) == count

    def test_a_mail_that_was_not_sent_stands_in_no_ones_way(self, mailbox: Mailbox, reader: User) -> None:
        spend(reader, 88)
        hold = holds.hold_tokens(str(reader.pk), 3, ttl_seconds=60, now=NOW)
        notices.queue_falls(now=NOW)
        holds.release_hold(str(reader.pk), hold.id, now=NOW)
        send()
        assert (mailbox.taken, the_mail().note) == ([], "stale")
        spend(reader, 4)
        send()
        assert mailbox.subjects == ["8 tokens left"]

    def test_tells_the_balance_of_now(self, mailbox: Mailbox, reader: User) -> None:
        spend(reader, 91)
        notices.queue_falls(now=NOW)
        spend(reader, 8)
        send()
        assert mailbox.subjects == ["One token left"]

    def test_is_not_sent_when_tokens_have_come(self, mailbox: Mailbox, reader: User) -> None:
        spend(reader, 91)
        notices.queue_falls(now=NOW)
        balances.add_tokens(str(reader.pk), 500, reason="gift", now=NOW)
        send()
        assert (mailbox.taken, the_mail().state, the_mail().note) == ([], "skipped", "stale")

    def test_what_a_crash_has_lost_is_found_by_the_walk(self, mailbox: Mailbox, reader: User, store: Any) -> None:
        spend(reader, 91)
        store.delete(keys.fallen())
        send()
        assert mailbox.taken == []
        for _ in range(2):
            notices.queue_notices([str(reader.pk)], now=NOW)
            send()
        assert mailbox.subjects == ["9 tokens left"]

    def test_the_database_is_away_when_it_is_found(
        self, mailbox: Mailbox, reader: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spend(reader, 91)
        with monkeypatch.context() as patch:
            patch.setattr(notices, "queue_low_balances", _fail)
            with pytest.raises(RuntimeError):
                send()
        send()
        assert mailbox.subjects == ["9 tokens left"]

    def test_an_old_fall_is_no_news(self, mailbox: Mailbox, reader: User, store: Any) -> None:
        spend(reader, 91)
        notices.queue_notices([str(reader.pk)], now=NOW + timedelta(days=4))
        assert OutgoingMail.objects.count() == 0
        assert store.hget(keys.account(str(reader.pk)), "fallen") is None

    def test_accounts_without_a_user_are_passed_by(self, mailbox: Mailbox, reader: User, store: Any) -> None:
        for user_id in ("test-user-id", "999999"):
            balances.spend_tokens(user_id, 95, now=NOW)
        send()
        assert OutgoingMail.objects.count() == 0
        assert store.exists(keys.fallen()) == 0

    def test_a_later_fall_is_not_forgotten_with_the_first(
        self, mailbox: Mailbox, reader: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spend(reader, 91)
        queue = mails.queue_mail

        def fall_again(*args: Any, **kwargs: Any) -> bool:
            balances.add_tokens(str(reader.pk), 50, reason="gift", now=NOW)
            spend(reader, 55)
            monkeypatch.undo()
            return queue(*args, **kwargs)

        monkeypatch.setattr(mails, "queue_mail", fall_again)
        for _ in range(2):
            notices.queue_falls(now=NOW)
        assert OutgoingMail.objects.count() == 2

    def test_a_reset_forgets_it(self, mailbox: Mailbox, reader: User) -> None:
        spend(reader, 91)
        resets.reset_user(str(reader.pk), now=NOW)
        send()
        assert mailbox.taken == []


class TestExpiry:
    def test_is_told_three_days_before_once(self, mailbox: Mailbox, reader: User) -> None:
        user_id = str(reader.pk)
        expires = NOW + timedelta(days=5)
        balances.add_tokens(user_id, 40, reason="gift", expires_at=expires, now=NOW)
        for days in (0, 1, 2.5, 3, 4, 5, 6):
            moment = NOW + timedelta(days=days)
            notices.queue_notices([user_id], now=moment)
            send(moment)
        assert mailbox.subjects == ["40 tokens expire on 15 November 2026"]
        assert "15 November 2026, 09:00" in part(mailbox.mails[0], "plain")

    def test_those_that_go_at_one_moment_are_one_mail(self, mailbox: Mailbox, reader: User) -> None:
        user_id = str(reader.pk)
        expires = datetime(2026, 11, 12, tzinfo=UTC)
        for amount in (20, 30):
            balances.add_tokens(user_id, amount, reason="gift", expires_at=expires, now=NOW)
        for _ in range(2):
            notices.queue_notices([user_id], now=NOW)
        send()
        assert mailbox.subjects == ["50 tokens expire on 12 November 2026"]
        balances.add_tokens(user_id, 5, reason="gift", expires_at=expires, now=NOW)
        notices.queue_notices([user_id], now=NOW)
        send()
        assert mailbox.subjects[1:] == ["55 tokens expire on 12 November 2026"]

    def test_an_allowance_that_is_used(self, mailbox: Mailbox, reader: User) -> None:
        late = datetime(2026, 11, 29, tzinfo=UTC)
        notices.queue_notices([str(reader.pk)], now=late)
        assert OutgoingMail.objects.count() == 0
        spend(reader, 20, now=late)
        notices.queue_notices([str(reader.pk)], now=late)
        send(late)
        assert mailbox.subjects == ["80 tokens expire on 1 December 2026"]

    def test_what_is_spent_meanwhile_is_not_told(self, mailbox: Mailbox, reader: User) -> None:
        user_id = str(reader.pk)
        balances.add_tokens(user_id, 40, reason="gift", expires_at=NOW + timedelta(days=2), priority=1, now=NOW)
        notices.queue_notices([user_id], now=NOW)
        spend(reader, 40)
        send()
        assert (mailbox.taken, the_mail().note) == ([], "stale")

    def test_users_without_an_address_are_asked_again(self, mailbox: Mailbox, reader: User) -> None:
        user_id = str(reader.pk)
        balances.add_tokens(user_id, 40, reason="gift", expires_at=NOW + timedelta(days=2), now=NOW)
        User.objects.update(email="")
        notices.queue_notices([user_id, "test-user-id", "77"], now=NOW)
        assert OutgoingMail.objects.count() == 0
        User.objects.update(email=ADDRESS)
        notices.queue_notices([user_id], now=NOW)
        send()
        assert len(mailbox.taken) == 1


class TestAllowance:
    def test_is_told_to_those_who_asked(self, mailbox: Mailbox, reader: User, other: User) -> None:
        User.objects.update(email=ADDRESS)
        switch_mail(str(reader.pk), "allowance", is_on=True, now=NOW)
        ids = [str(reader.pk), str(other.pk)]
        notices.queue_notices(ids, now=NOW)
        assert OutgoingMail.objects.count() == 0
        for hours in (1, 2, 30):
            moment = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(hours=hours)
            notices.queue_notices(ids, now=moment)
            send(moment)
        assert mailbox.subjects == ["100 new tokens until 1 January 2027"]


class TestPlanByHand:
    def test_is_told(self, mailbox: Mailbox, reader: User) -> None:
        plans.change_plan(str(reader.pk), "Plus", actor="1", now=NOW)
        send()
        assert mailbox.subjects == ["Your plan is now Plus"]

    def test_is_told_when_it_is_set_in_the_admin(self, mailbox: Mailbox, reader: User, admin_client: Client) -> None:
        form = {"action": "plan", "plan": "Plus", "reason": "a gift", "key": "k1"}
        answer = admin_client.post(f"/admin/usertokens/tokenledger/{reader.pk}/", form)
        assert answer.status_code == 302
        mail = OutgoingMail.objects.get(kind="plan_changed")
        assert (mail.user_id, mail.data["to"], mail.data["cause"]) == (str(reader.pk), "Plus", "staff")

    def test_waits_until_it_is_made(self, mailbox: Mailbox, reader: User) -> None:
        user_id = str(reader.pk)
        plans.queue_plan_mail(user_id, "k", "Free", "Plus", cause="paid", now=NOW)
        send()
        assert (mailbox.taken, waiting_count(), the_mail().attempts) == ([], 1, 0)
        plans.set_plan(user_id, "Plus", now=NOW)
        send(NOW + timedelta(minutes=2))
        assert mailbox.subjects == ["Your plan is now Plus"]

    def test_is_not_told_when_it_is_never_made(self, mailbox: Mailbox, reader: User) -> None:
        plans.queue_plan_mail(str(reader.pk), "k", "Free", "Plus", cause="paid", now=NOW)
        send(NOW + timedelta(hours=2))
        assert (mailbox.taken, the_mail().note) == ([], "stale")

    def test_the_same_plan_is_no_change(self, mailbox: Mailbox, reader: User) -> None:
        plans.change_plan(str(reader.pk), "Free", now=NOW)
        assert OutgoingMail.objects.count() == 0
