"""`manage.py usertokens_archive`: old journal entries to the database."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from kv.management.base import StoreCommand
from usertokens.duties import ARCHIVE_DAYS
from usertokens.errors import AccountClosed
from usertokens.services.journal import archive_journal, count_older
from usertokens.services.user_ids import iterate_users

# A dashboard draws 30 days, and a repeated request is answered for 7.
_LEAST_DAYS = 31


class Command(StoreCommand):
    """Move old entries; each part leaves the store only once the database has it."""

    help = (
        "Moves journal entries older than --days to the database, and all but the newest 1,000 of a user, then trims "
        "them from the store. "
        "Safe to stop and run again."
    )
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--days N."""
        parser.add_argument(
            "--days", type=int, default=ARCHIVE_DAYS, help=f"at least {_LEAST_DAYS}; {ARCHIVE_DAYS} without"
        )

    def handle(self, *args: Any, days: int, **options: Any) -> None:
        """Go through all accounts."""
        if days < _LEAST_DAYS:
            raise CommandError(f"--days: at least {_LEAST_DAYS}, the dashboard draws them")
        older_than = timezone.now() - timedelta(days=days)
        moved = 0
        with self.meter(None, "Archiving", "accounts") as meter:
            for user_id in iterate_users():
                step = count_older if self.dry_run else archive_journal
                # A user who was deleted since the scan has nothing left to move.
                with suppress(AccountClosed):
                    moved += step(user_id, older_than=older_than)
                meter.advance()
        self.stdout.write(f"{moved} entries {'would be' if self.dry_run else 'were'} moved")
