"""`manage.py usertokens_recharge`: bring everybody's allowance."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from kv.management.base import StoreCommand
from usertokens.services import recharges
from usertokens.services.recharges import count_due, recharge_users
from usertokens.services.user_ids import in_batches, iterate_users


class Command(StoreCommand):
    """Do what is due in every account: allowances come, holds and grants that ran out go."""

    help = (
        "Brings the allowance of the running period to everybody who has not come by since it began, and takes back "
        "one of a period that has not begun. Safe to run at any time."
    )
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--restore-expired."""
        parser.add_argument(
            "--restore-expired",
            action="store_true",
            help="after the store's clock ran ahead and is back: also bring back tokens that expired meanwhile",
        )

    def handle(self, *args: Any, restore_expired: bool, **options: Any) -> None:
        """Go through all accounts, a few hundred in memory at a time."""
        changed = total = restored = 0
        with self.meter(None, "Recharging", "accounts") as meter:
            for batch in in_batches(iterate_users()):
                changed += count_due(batch, now=timezone.now()) if self.dry_run else recharge_users(batch)
                if restore_expired:
                    restored += recharges.restore_expired(batch, dry_run=self.dry_run)
                total += len(batch)
                meter.advance(len(batch))
        self.stdout.write(f"{changed} of {total} accounts {'would be' if self.dry_run else 'were'} brought up to date")
        if restore_expired:
            self.stdout.write(f"{restored} expired tokens {'would be' if self.dry_run else 'were'} restored")
