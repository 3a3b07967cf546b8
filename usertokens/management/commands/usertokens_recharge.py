"""`manage.py usertokens_recharge`: bring everybody's allowance."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from kv.management.base import StoreCommand
from usertokens.services.audits import in_batches, iterate_users
from usertokens.services.recharges import count_due, recharge_users


class Command(StoreCommand):
    """Do what is due in every account: allowances come, holds and grants that ran out go."""

    help = (
        "Brings the allowance of the running period to everybody who has not come by since it began. "
        "Safe to run at any time."
    )
    writes_bulk = True

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through all accounts, a few hundred in memory at a time."""
        changed = total = 0
        with self.meter(None, "Recharging", "accounts") as meter:
            for batch in in_batches(iterate_users()):
                changed += count_due(batch, now=timezone.now()) if self.dry_run else recharge_users(batch)
                total += len(batch)
                meter.advance(len(batch))
        self.stdout.write(f"{changed} of {total} accounts {'would be' if self.dry_run else 'were'} brought up to date")
