"""`manage.py stats_adjust`: change a total by hand and log the reason."""

from __future__ import annotations

import re
import shlex
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError, InterfaceError

from kv.errors import StoreUnavailable
from kv.management.base import StoreCommand
from kv.web.text_fields import read_option
from stats.errors import BadAdjustment
from stats.models import Adjustment
from stats.services import totals

_LONGEST_REASON = 280
_ID = re.compile(r"[\x20-\x7e]{1,64}")


class Command(StoreCommand):
    """Change one total, with a reason that stays in the admin."""

    help = (
        "Change a total by a number, up or down, and log the reason: `stats_adjust revenue_cents -1250 --reason …`. "
        "When it is not certain whether the total was changed, it prints the --id with which to repeat the command."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """FIGURE, CHANGE, --reason."""
        parser.add_argument("figure", help="visitors, qr_total, revenue_cents or usage:<tool>")
        parser.add_argument("change", type=int, help="how much to add; a negative number subtracts")
        parser.add_argument("--reason", required=True, help="why; it is shown in the admin; at most 280 characters")
        parser.add_argument("--id", help="calls with one id change the total once; without it each call is a change")

    def handle(self, *args: Any, figure: str, change: int, reason: str, id: str | None, **options: Any) -> None:  # noqa: A002 (the option's name)
        """Change and log, or neither; once for each id."""
        reason = read_option("--reason", reason, longest=_LONGEST_REASON)
        if change == 0:
            raise CommandError("change: 0 changes nothing")
        key = uuid.uuid4().hex if id is None else id
        if not _ID.fullmatch(key):
            raise CommandError("--id: 1 to 64 printable ASCII characters are required")
        was_made = Adjustment.objects.filter(idempotency_key=key).exists()
        try:
            row = totals.adjust_figure(figure=figure, delta=change, reason=reason, id=key)
        except BadAdjustment as error:
            raise CommandError(str(error)) from error
        except (StoreUnavailable, DatabaseError, InterfaceError, KeyboardInterrupt) as error:
            again = f"Repeat the command with --id {shlex.quote(key)}: the total changes only once."
            raise CommandError(f"{_what_happened(error)} {again}") from error
        answer = "This was done before; then {} was {}." if was_made else "{} is now {}."
        self.stdout.write(answer.format(figure, row.total))


def _what_happened(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "Stopped by Ctrl-C; the total may be changed already."
    what = "store of counts" if isinstance(error, StoreUnavailable) else "database"
    return f"The {what} can't be used: {type(error).__name__}."
