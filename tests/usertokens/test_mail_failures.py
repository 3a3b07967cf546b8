"""Mails are sent at least once, and once for each event, whatever dies, is away or refuses meanwhile."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from kv.errors import StoreUnavailable
from tests.ports import free_port
from tests.usertokens.mailing import (
    ADDRESS,
    NOW,
    RECEIPT,
    SERVER_LOG,
    Mailbox,
    mail_server,
    mail_settings,
    send,
    sending_to,
    spend,
    the_mail,
)
from usertokens.errors import MailServerAway
from usertokens.models import OutgoingMail
from usertokens.services import balances, mail_sending, notices
from usertokens.services.mail_sending import claim_mail, send_mail
from usertokens.services.mails import count_mails, queue_mail, retry_mails, waiting_count


def _fail(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError


class TestServerAway:
    def test_for_days_loses_nothing(self, reader: User, store: Any) -> None:
        with sending_to(free_port()):
            spend(reader, 91)
            for hours in range(0, 120, 7):
                with pytest.raises(MailServerAway, match="ConnectionRefused"):
                    send(NOW + timedelta(hours=hours))
            assert (waiting_count(), the_mail().attempts) == (1, 0)
        with mail_server() as mailbox:
            send(NOW + timedelta(days=5))
            assert mailbox.subjects == ["9 tokens left"]

    def test_is_one_line_for_the_command(self, reader: User, store: Any) -> None:
        with sending_to(free_port()):
            spend(reader, 91, now=datetime.now(UTC))
            with pytest.raises(CommandError, match="Nothing is lost, but the mail server"):
                call_command("usertokens_mails", verbosity=0)

    def test_stale_news_are_not_sent_afterwards(self, reader: User, store: Any) -> None:
        user_id = str(reader.pk)
        with sending_to(free_port()):
            spend(reader, 91)
            balances.add_tokens(user_id, 50, reason="gift", expires_at=NOW + timedelta(days=2), now=NOW)
            notices.queue_notices([user_id], now=NOW)
            with pytest.raises(MailServerAway):
                send()
        with mail_server() as mailbox:
            balances.add_tokens(user_id, 50, reason="gift", now=NOW)
            send(NOW + timedelta(days=5))
            assert mailbox.taken == []
            assert set(OutgoingMail.objects.values_list("state", "note")) == {("skipped", "stale")}

    def test_the_store_is_away_when_it_is_sent(
        self, mailbox: Mailbox, reader: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queue_mail(str(reader.pk), "low_balance", "k", {}, now=NOW)
        mail = claim_mail(now=NOW)
        assert mail is not None

        def away(*_: Any, **__: Any) -> None:
            raise StoreUnavailable("test")

        with monkeypatch.context() as patch:
            patch.setattr("usertokens.services.letters.get_balance", away)
            with pytest.raises(StoreUnavailable):
                send_mail(mail, mail_sending._mail_server(), now=NOW)
        assert (the_mail().state, the_mail().attempts) == ("waiting", 0)


class TestRefusals:
    def test_are_tried_again_then_parked(self, mailbox: Mailbox, reader: User) -> None:
        mailbox.refuse_recipient = "451 try later"
        queue_mail(str(reader.pk), "receipt", "in_1", {**RECEIPT}, now=NOW)
        moment = NOW
        waits = []
        while the_mail().state != "failed":
            send(moment)
            waits.append(int((the_mail().due_at - moment).total_seconds()))
            moment = max(the_mail().due_at, moment)
        assert waits[:-1] == [60, 300, 1800, 7200, 21600, 43200, 86400]
        assert the_mail().note == "refused: 451"
        mailbox.refuse_recipient = ""
        send(moment + timedelta(days=1))
        assert (mailbox.taken, waiting_count()) == ([], 0)
        assert retry_mails(OutgoingMail.objects.all(), now=moment) == 1
        send(moment)
        assert len(mailbox.taken) == 1

    @pytest.mark.parametrize("where", ["refuse_recipient", "refuse_message"])
    def test_for_good_are_parked_soon(self, mailbox: Mailbox, reader: User, where: str) -> None:
        setattr(mailbox, where, "550 no such mailbox")
        queue_mail(str(reader.pk), "receipt", "in_1", {**RECEIPT}, now=NOW)
        for days in range(4):
            send(NOW + timedelta(days=days))
        assert (the_mail().state, the_mail().attempts, the_mail().note) == ("failed", 3, "refused: 550")

    def test_of_one_mail_do_not_stop_the_others(self, mailbox: Mailbox, reader: User, other: User) -> None:
        other.email = "bob@example.net"
        other.save()
        for number, user in enumerate((reader, other)):
            queue_mail(str(user.pk), "receipt", f"in_{number}", {**RECEIPT}, now=NOW)
        OutgoingMail.objects.filter(user_id=str(reader.pk)).update(data={})  # which no letter can be made of
        send()
        assert [to for to, _ in mailbox.taken] == [["bob@example.net"]]
        assert set(OutgoingMail.objects.values_list("state", "note")) == {("sent", ""), ("waiting", "KeyError")}

    def test_a_mail_on_which_the_server_hangs_up_stops_no_others(self, mailbox: Mailbox, reader: User) -> None:
        for number in range(3):
            queue_mail(str(reader.pk), "receipt", f"in_{number}", {**RECEIPT, "cents": 10 + number}, now=NOW)
        mailbox.hangs_up_on = b"0.10"
        with pytest.raises(MailServerAway, match="SMTPServerDisconnected"):
            send()
        send()
        assert mailbox.subjects == ["Receipt: €0.11 for Plus", "Receipt: €0.12 for Plus"]
        moment = NOW
        for _ in range(12):
            moment = OutgoingMail.objects.get(key="in_0").due_at
            with pytest.raises(MailServerAway):
                send(moment)
        assert timedelta(days=3) < moment - NOW < timedelta(days=8)
        mailbox.hangs_up_on = None
        send(moment + timedelta(days=1))
        assert count_mails() == {"sent": 3}

    def test_the_sender_is_refused(self, mailbox: Mailbox, reader: User) -> None:
        mailbox.refuse_sender = "550 not from here"
        queue_mail(str(reader.pk), "receipt", "in_1", {**RECEIPT}, now=NOW)
        for _ in range(9):
            with pytest.raises(MailServerAway, match="SMTPSenderRefused"):
                send()
        mailbox.refuse_sender = ""
        send()
        assert (len(mailbox.taken), the_mail().attempts) == (1, 1)

    def test_say_no_address_and_no_token(
        self, mailbox: Mailbox, reader: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        mailbox.refuse_recipient = f"550 <{ADDRESS}> is unknown"
        queue_mail(str(reader.pk), "receipt", "in_1", {**RECEIPT}, now=NOW)
        with caplog.at_level(logging.DEBUG):
            send()
        logged = "\n".join(
            record.getMessage() + str(record.exc_info) for record in caplog.records if record.name != SERVER_LOG
        )
        assert "refused a mail of the kind receipt: 550" in logged
        assert ADDRESS not in logged + the_mail().note
        assert "pay.stripe.com" not in logged


class TestCrash:
    def test_between_send_and_mark_sends_again_under_the_same_id(
        self, mailbox: Mailbox, reader: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        queue_mail(str(reader.pk), "receipt", "in_1", {**RECEIPT}, now=NOW)
        with monkeypatch.context() as patch:
            patch.setattr(mail_sending, "_move", _fail)
            with pytest.raises(RuntimeError):
                send()
        assert (len(mailbox.taken), the_mail().state) == (1, "sending")
        send()
        assert len(mailbox.taken) == 1  # the claim still holds
        send(NOW + mail_sending.LEASE + timedelta(seconds=1))
        assert len({mail["Message-ID"] for mail in mailbox.mails}) == 1
        assert (len(mailbox.taken), the_mail().state) == (2, "sent")

    def test_a_claim_that_was_lost_changes_nothing(self, mailbox: Mailbox, reader: User) -> None:
        queue_mail(str(reader.pk), "receipt", "in_1", {**RECEIPT}, now=NOW)
        slow = claim_mail(now=NOW)
        assert slow is not None
        later = NOW + timedelta(hours=1)
        send(later)
        mailbox.refuse_message = "451 later"
        send_mail(slow, mail_sending._mail_server(), now=later)
        assert the_mail().state == "sent"


@pytest.mark.parametrize("backend", ["console", "filebased", "locmem"])
def test_djangos_other_backends_work(
    reader: User, store: Any, backend: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options: dict[str, Any] = {"file_path": str(tmp_path)} if backend == "filebased" else {}
    with override_settings(**mail_settings(f"django.core.mail.backends.{backend}.EmailBackend", **options)):
        for number in range(2):
            queue_mail(str(reader.pk), "receipt", f"in_{number}", {**RECEIPT}, now=NOW)
        send()
    assert count_mails() == {"sent": 2}
    printed = capsys.readouterr().out + "".join(path.read_text() for path in tmp_path.iterdir())
    assert printed.count("Subject: ") == (0 if backend == "locmem" else 2)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_mail_once(mailbox: Mailbox, reader: User) -> None:
    for number in range(12):
        queue_mail(str(reader.pk), "receipt", f"in_{number}", {**RECEIPT}, now=NOW)

    def work(_: int) -> None:
        try:
            send()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(work, range(3)))
    send()
    ids = [mail["Message-ID"] for mail in mailbox.mails]
    assert (len(ids), len(set(ids)), count_mails()) == (12, 12, {"sent": 12})
