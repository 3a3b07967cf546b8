"""The outbox of mails: what is queued, who gets it, and when it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings

from tests.usertokens.mailing import (
    NOW,
    RECEIPT,
    Mailbox,
    send,
    spend,
    the_mail,
)
from usertokens import keys
from usertokens.errors import UnknownMailKind
from usertokens.models import MailChoice, MailLanguage, OutgoingMail
from usertokens.services import accounts, balances, notices
from usertokens.services.exports import export_user
from usertokens.services.mail_choices import choose_language, is_wanted, note_language, read_choices, switch_mail
from usertokens.services.mail_sending import send_mails
from usertokens.services.mails import count_mails, queue_mail, tidy_mails, waiting_count


class TestQueue:
    def test_one_event_is_one_mail(self, mailbox: Mailbox, reader: User) -> None:
        user_id = str(reader.pk)
        made = [queue_mail(user_id, kind, "k", {}) for kind in ("low_balance", "low_balance", "expiring")]
        assert made == [True, False, True]

    def test_goes_with_the_callers_transaction(self, mailbox: Mailbox, reader: User) -> None:
        with transaction.atomic():
            queue_mail(str(reader.pk), "low_balance", "k", {})
            transaction.set_rollback(True)
        assert waiting_count() == 0

    def test_of_an_unknown_kind_is_refused(self, mailbox: Mailbox, reader: User) -> None:
        with pytest.raises(UnknownMailKind):
            queue_mail(str(reader.pk), "nothing", "k", {})

    def test_a_site_without_mail_queues_nothing(self, reader: User, store: Any) -> None:
        spend(reader, 95)
        assert not queue_mail(str(reader.pk), "low_balance", "k", {})
        notices.queue_notices([str(reader.pk)], now=NOW)
        assert not send_mails(now=NOW)
        assert (OutgoingMail.objects.count(), store.exists(keys.fallen())) == (0, 0)

    def test_what_waits_too_long_is_thrown_away(self, mailbox: Mailbox, reader: User) -> None:
        queue_mail(str(reader.pk), "low_balance", "k", {}, now=NOW)
        with override_settings(TOKEN_MAILS=False):
            assert not tidy_mails(now=NOW + timedelta(days=13))
            assert waiting_count() == 1
            assert not tidy_mails(now=NOW + timedelta(days=15))
        assert OutgoingMail.objects.count() == 0

    def test_what_is_done_is_deleted_after_ninety_days(self, mailbox: Mailbox, reader: User) -> None:
        spend(reader, 95)
        send()
        tidy_mails(now=NOW + timedelta(days=89))
        assert count_mails() == {"sent": 1}
        tidy_mails(now=NOW + timedelta(days=91))
        assert count_mails() == {}


class TestWhoGetsIt:
    def queued(self, user: User) -> None:
        spend(user, 95)
        notices.queue_falls(now=NOW)

    @pytest.mark.parametrize(
        ("change", "note"),
        [
            (lambda user: User.objects.update(email=""), "no_address"),
            (lambda user: User.objects.update(is_active=False), "inactive"),
            (lambda user: switch_mail(str(user.pk), "low_balance", is_on=False), "switched_off"),
        ],
    )
    def test_is_asked_when_it_is_sent(self, mailbox: Mailbox, reader: User, change: Any, note: str) -> None:
        self.queued(reader)
        change(reader)
        send()
        assert (mailbox.taken, the_mail().state, the_mail().note) == ([], "skipped", note)
        assert waiting_count() == 0

    def test_goes_to_the_address_of_then(self, mailbox: Mailbox, reader: User) -> None:
        self.queued(reader)
        User.objects.update(email="new@example.net")
        send()
        assert mailbox.taken[0][0] == ["new@example.net"]

    def test_a_deleted_users_mails_go(self, mailbox: Mailbox, reader: User) -> None:
        user_id = str(reader.pk)
        self.queued(reader)
        switch_mail(user_id, "receipt", is_on=False)
        choose_language(user_id, "de")
        accounts.delete_account(reader)
        assert [model.objects.count() for model in (OutgoingMail, MailChoice, MailLanguage)] == [0, 0, 0]

    def test_a_mail_queued_for_a_user_who_is_gone(self, mailbox: Mailbox, reader: User) -> None:
        queue_mail("123456", "low_balance", "k", {}, now=NOW)
        queue_mail("no-id-of-a-user", "low_balance", "l", {}, now=NOW)
        send()
        assert OutgoingMail.objects.count() == 0

    def test_is_in_the_export(self, mailbox: Mailbox, reader: User) -> None:
        self.queued(reader)
        send()
        data = export_user(str(reader.pk))
        assert [(mail["kind"], mail["state"]) for mail in data["mails"]] == [("low_balance", "sent")]
        assert data["mail_choices"]["allowance"] is False
        assert data["mail_language"] == "en"


class TestChoices:
    def test_the_defaults(self, reader: User) -> None:
        assert [name for name, is_on in read_choices(str(reader.pk)).items() if not is_on] == ["allowance"]
        assert is_wanted(str(reader.pk), "receipt")

    def test_the_language_is_that_of_the_last_log_in_until_one_is_chosen(self, mailbox: Mailbox, reader: User) -> None:
        user_id = str(reader.pk)
        for language in ("fr", "de"):
            note_language(user_id, language)
            queue_mail(user_id, "receipt", language, {**RECEIPT})
        choose_language(user_id, "es")
        note_language(user_id, "fr")
        queue_mail(user_id, "receipt", "es", {**RECEIPT})
        assert set(OutgoingMail.objects.values_list("key", "language")) == {("fr", "fr"), ("de", "de"), ("es", "es")}


def test_the_command_sends_and_counts(mailbox: Mailbox, reader: User, capsys: pytest.CaptureFixture[str]) -> None:
    spend(reader, 95, now=datetime.now(UTC))
    call_command("usertokens_mails", verbosity=0)
    assert capsys.readouterr().out == "Mails: 0 waiting, 0 sending, 1 sent, 0 skipped, 0 failed.\n"
    assert len(mailbox.taken) == 1


def test_the_command_looks_for_news(mailbox: Mailbox, reader: User) -> None:
    expires = datetime.now(UTC) + timedelta(days=2)
    balances.add_tokens(str(reader.pk), 40, reason="gift", expires_at=expires)
    call_command("usertokens_mails", verbosity=0)
    assert [subject for subject in mailbox.subjects if subject.startswith("40 tokens expire on ")] != []


def test_the_command_says_that_mails_are_off(reader: User) -> None:
    with pytest.raises(CommandError, match="EMAIL_URL"):
        call_command("usertokens_mails")
