"""`manage.py usertokens_mails`: sends the mails that are due."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from kv.sql.batches import in_batches
from kv.work.duties import DutyHeld, run_duty
from usertokens.conf import mails_are_on
from usertokens.duties import MAILS
from usertokens.errors import MailServerAway
from usertokens.models import OutgoingMail
from usertokens.services.mails import count_mails, retry_mails
from usertokens.services.notices import queue_notices
from usertokens.services.user_ids import iterate_users
from usertokens.types import MailState


class Command(StoreCommand):
    """Looks for news in all accounts, and sends what is in the outbox."""

    help = (
        "Look in all accounts for what users are to be told, send the mails that are due, and say how many are in each "
        "state. The command `work` does this by itself: it looks once an hour and sends within seconds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--retry, --status."""
        parser.add_argument("--retry", action="store_true", help="also the mails that have failed")
        parser.add_argument("--status", action="store_true", help="send nothing, only say how many are in each state")

    def handle(self, *args: Any, retry: bool, status: bool, **options: Any) -> None:
        """Do steps until none is left. Fails when a worker is doing this already."""
        if not status:
            if not mails_are_on():
                raise CommandError("Mails are off: set EMAIL_URL (TOKEN_MAILS and SITE_URL in a project of your own).")
            for batch in in_batches(iterate_users()):
                queue_notices(batch)
            if retry:
                retry_mails(OutgoingMail.objects.all())
            self._send()
        counts = count_mails()
        self.stdout.write(f"Mails: {', '.join(f'{counts.get(state, 0)} {state.value}' for state in MailState)}.")

    def _send(self) -> None:
        with self.meter(label="Sending", unit="steps") as meter:
            try:
                while run_duty(MAILS):
                    meter.advance()
            except DutyHeld as error:
                raise CommandError(f"Not now: {error}.") from error
            except MailServerAway as error:
                raise CommandError(f"Nothing is lost, but {error}.") from error
