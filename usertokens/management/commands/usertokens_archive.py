"""`manage.py usertokens_archive`: moves old journal entries to the database."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from kv.times import utc_now
from usertokens.duties import ARCHIVE_DAYS
from usertokens.errors import AccountClosed
from usertokens.services.journal import archive_journal, count_older
from usertokens.services.user_ids import iterate_users

# The dashboard's chart has 30 days, and idempotency keys are stored for 7.
_LEAST_DAYS = 31


class Command(StoreCommand):
    """Moves old entries; each part is deleted from the store only after the database has it."""

    help = (
        "Move journal entries older than --days, and all but the newest 1,000 of a user, from the store to the "
        "database. Safe to interrupt and to run again."
    )
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--days N."""
        parser.add_argument(
            "--days",
            type=int,
            default=ARCHIVE_DAYS,
            help=f"age in days, at least {_LEAST_DAYS} (default {ARCHIVE_DAYS})",
        )

    def handle(self, *args: Any, days: int, **options: Any) -> None:
        """Visit all accounts."""
        if days < _LEAST_DAYS:
            raise CommandError(f"--days: at least {_LEAST_DAYS}, since the dashboard shows them")
        older_than = utc_now() - timedelta(days=days)
        moved = 0
        with self.meter(None, "Archiving", "accounts") as meter:
            for user_id in iterate_users():
                step = count_older if self.dry_run else archive_journal
                # A user deleted since the scan has no entries left.
                with suppress(AccountClosed):
                    moved += step(user_id, older_than=older_than)
                meter.advance()
        self.stdout.write(f"{moved} entries {'would be' if self.dry_run else 'were'} moved")
