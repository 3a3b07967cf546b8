"""The outbox beside a model: each event is mailed at least once, whatever is away, refuses, dies or comes twice.

It is mailed once more for each time that a process was killed after the server's answer.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.ports import free_port
from tests.samples import samples
from tests.usertokens.mailing import NOW, RECEIPT, SMTP_BACKEND, Mailbox, mail_settings
from usertokens.errors import MailServerAway
from usertokens.models import OutgoingMail
from usertokens.services import mail_sending
from usertokens.services.mail_sending import LEASE, claim_mail, send_mails
from usertokens.services.mail_texts import make_message
from usertokens.services.mails import queue_mail, waiting_count


class Killed(BaseException):
    """The process ends here, as by SIGKILL."""


class OutboxMachine(RuleBasedStateMachine):
    mailbox: Mailbox
    user_id: str
    port: int
    nobody: int

    @initialize()
    def begin(self) -> None:
        OutgoingMail.objects.all().delete()
        self.mailbox.taken.clear()
        self.mailbox.refuse_recipient = ""
        self.now = NOW
        self.queued: set[str] = set()
        self.killed: Counter[str] = Counter()
        self.is_away = False

    @rule(number=st.integers(0, 5))
    def an_event(self, number: int) -> None:
        is_new = queue_mail(self.user_id, "receipt", f"in_{number}", RECEIPT, now=self.now)
        assert is_new is (f"in_{number}" not in self.queued)
        self.queued.add(f"in_{number}")

    @rule(is_away=st.booleans())
    def the_server(self, *, is_away: bool) -> None:
        self.is_away = is_away

    @rule(refuses=st.booleans())
    def a_busy_server(self, *, refuses: bool) -> None:
        self.mailbox.refuse_recipient = "451 busy" if refuses else ""

    @rule(minutes=st.sampled_from([0.5, 6, 90]))
    def wait(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def a_step(self) -> None:
        self.send()

    @rule()
    def another_worker_has_claimed_one_and_died(self) -> None:
        claim_mail(now=self.now)

    @rule()
    def a_step_that_is_killed_after_the_answer(self) -> None:
        before = len(self.mailbox.taken)

        def killed(mail: OutgoingMail, *_: Any, **__: Any) -> None:
            if len(self.mailbox.taken) > before:
                self.killed[mail.key] += 1
            raise Killed

        with patch.object(mail_sending, "_move", killed), contextlib.suppress(Killed):
            self.send()

    def send(self) -> None:
        port = self.nobody if self.is_away else self.port
        server = mail_settings(SMTP_BACKEND, host="127.0.0.1", port=port, timeout=5)
        with override_settings(**server), contextlib.suppress(MailServerAway):
            while send_mails(now=self.now):
                pass

    @invariant()
    def none_is_lost_or_sent_too_often(self) -> None:
        if not hasattr(self, "queued"):
            return
        rows = dict(OutgoingMail.objects.values_list("key", "state"))
        assert set(rows) == self.queued
        ids = Counter(str(mail["Message-ID"]) for mail in self.mailbox.mails)
        keys = {make_message(row, RECEIPT, "x@y.net").extra_headers["Message-ID"]: row.key
                for row in OutgoingMail.objects.all()}  # fmt: skip
        for name, count in ids.items():
            assert count <= 1 + self.killed[keys[name]]
        assert {key for key, state in rows.items() if state == "sent"} <= {keys[name] for name in ids}

    def teardown(self) -> None:
        if not hasattr(self, "queued"):
            return
        self.is_away, self.mailbox.refuse_recipient = False, ""
        self.now += max(LEASE, timedelta(days=2))
        self.send()
        assert waiting_count() == 0
        OutgoingMail.objects.filter(state="failed").update(state="waiting", due_at=self.now, attempts=0)
        self.send()
        assert len({str(mail["Message-ID"]) for mail in self.mailbox.mails}) == len(self.queued)


@pytest.mark.slow
def test_many_lives_of_an_outbox(mailbox: Mailbox, reader: User) -> None:
    OutboxMachine.mailbox, OutboxMachine.user_id = mailbox, str(reader.pk)
    OutboxMachine.port = mailbox.port
    OutboxMachine.nobody = free_port()
    run_state_machine_as_test(OutboxMachine, settings=_SETTINGS)


_SETTINGS = settings(
    max_examples=samples(25), stateful_step_count=20, deadline=None, report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
