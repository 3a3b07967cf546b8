"""`manage.py stats_adjust`: change a total by hand, and keep why."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from stats.errors import BadAdjustment
from stats.services import totals

_LONGEST_REASON = 280


class Command(StoreCommand):
    """Change one total, with a reason that stays in the admin."""

    help = (
        "Changes a total by a number, up or down, and keeps the reason; `stats_adjust revenue_cents -1250 --reason …`."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """FIGURE, CHANGE, --reason."""
        parser.add_argument("figure", help="visitors, qr_total, revenue_cents or usage:<tool>")
        parser.add_argument("change", type=int, help="how much to add; less than 0 takes away")
        parser.add_argument("--reason", required=True, help="why: kept and shown, 280 characters at most")

    def handle(self, *args: Any, figure: str, change: int, reason: str, **options: Any) -> None:
        """Change and log, or neither."""
        reason = reason.strip()
        if not 1 <= len(reason) <= _LONGEST_REASON:
            raise CommandError("--reason: 1 to 280 characters are required")
        if change == 0:
            raise CommandError("change: 0 changes nothing")
        try:
            row = totals.adjust_figure(figure=figure, delta=change, reason=reason)
        except BadAdjustment as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{figure} is now {row.total}.")
