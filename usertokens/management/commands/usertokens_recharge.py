"""`manage.py usertokens_recharge`: grants every user's allowance that is due."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from kv.management.base import StoreCommand
from kv.sql.batches import in_batches
from kv.times import utc_now
from usertokens.services import recharges
from usertokens.services.notices import queue_notices
from usertokens.services.recharges import count_due, recharge_users
from usertokens.services.user_ids import iterate_users


class Command(StoreCommand):
    """Does what is due in every account: grants allowances, expires holds and grants; queues mails about it."""

    help = (
        "Grant the allowance of the current period to every user who does not have it yet, and take back one of a "
        "period in the future. Safe to run at any time."
    )
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--restore-expired."""
        parser.add_argument(
            "--restore-expired",
            action="store_true",
            help="after the store's clock was ahead and is corrected: also restore tokens that expired in that time",
        )

    def handle(self, *args: Any, restore_expired: bool, **options: Any) -> None:
        """Visit all accounts, a few hundred at a time."""
        changed = total = restored = 0
        with self.meter(None, "Recharging", "accounts") as meter:
            for batch in in_batches(iterate_users()):
                changed += count_due(batch, now=utc_now()) if self.dry_run else recharge_users(batch)
                if not self.dry_run:
                    queue_notices(batch)
                if restore_expired:
                    restored += recharges.restore_expired(batch, dry_run=self.dry_run)
                total += len(batch)
                meter.advance(len(batch))
        self.stdout.write(f"{changed} of {total} accounts {'would be' if self.dry_run else 'were'} brought up to date")
        if restore_expired:
            self.stdout.write(f"{restored} expired tokens {'would be' if self.dry_run else 'were'} restored")
