"""`manage.py usertokens_vouchers [COUNT]`: makes vouchers, or lists those there are, as CSV."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core.management.base import CommandError

from kv.days import day_start
from kv.management.base import StoreCommand
from kv.times import aware, utc_now
from kv.web.spreadsheets import csv_lines
from kv.web.text_fields import read_option
from kv.work.duties import DutyHeld, run_duty
from usertokens.duties import VOUCHERS
from usertokens.errors import BadPattern
from usertokens.models import Voucher
from usertokens.services.voucher_codes import PATTERN, read_pattern
from usertokens.services.voucher_lists import COLUMNS, voucher_rows
from usertokens.services.voucher_making import Terms, iterate_made
from usertokens.types import GIVEN

_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")


class Command(StoreCommand):
    """Makes vouchers and prints them, or prints those there are."""

    help = (
        "With COUNT: make so many vouchers with the same terms, and print them as CSV. No code is made that exists or "
        "existed. Without: print all vouchers, or those of --name, as CSV. With --finish: grant and take back what a "
        "crash has left unfinished, as the worker does each minute."
    )
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """COUNT and the terms."""
        parser.add_argument("count", nargs="?", type=int, help="how many vouchers to make, at most 100000")
        parser.add_argument("--tokens", type=int, help="tokens that each grants; needed with COUNT")
        parser.add_argument("--name", help="for staff, at most 80 characters (default: the day)")
        parser.add_argument(
            "--pattern", default=PATTERN,
            help='what the codes look like; "?" is a random character, never one that is taken for another (default: '
            "%(default)s). Without any, it is the code itself",
        )  # fmt: skip
        parser.add_argument("--uses", type=int, default=1, help="users who may redeem each of them (default: 1)")
        parser.add_argument("--from", dest="valid_from", type=_first, help="2026-12-01, or 2026-12-01T10:00")
        parser.add_argument(
            "--until", dest="valid_until", type=_last, help="2026-12-31 with that whole day, or until 2026-12-31T10:00"
        )
        parser.add_argument("--new-users", type=int, metavar="DAYS", help="only for users who signed up in these days")
        parser.add_argument("--expire-after", type=int, metavar="DAYS", help="days until the granted tokens expire")
        parser.add_argument(
            "--priority", type=int, default=GIVEN, help="0 to 999, lower is spent first (default: %(default)s)"
        )
        parser.add_argument("--finish", action="store_true", help="finish what was left unfinished, print nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make, list or finish."""
        if options["finish"]:
            self._finish()
        elif options["count"] is None:
            if options["tokens"] is not None:
                raise CommandError("--tokens goes with COUNT: how many vouchers?")
            self._list(options["name"])
        else:
            self._make(options)

    def _make(self, options: dict[str, Any]) -> None:
        count, tokens = options["count"], options["tokens"]
        if tokens is None:
            raise CommandError("--tokens: how many does each voucher grant?")
        name = options["name"] or utc_now().date().isoformat()
        terms = Terms(
            tokens=tokens,
            label=read_option("--name", name, longest=80),
            max_uses=options["uses"],
            valid_from=options["valid_from"],
            valid_until=options["valid_until"],
            account_days=options["new_users"],
            grant_days=options["expire_after"],
            priority=options["priority"],
        )
        try:
            batches = iterate_made(count, options["pattern"], terms)
            if self.dry_run:
                pattern = read_pattern(options["pattern"], count)
                self.stdout.write(f"would make {count} of the pattern {pattern}, {tokens} tokens each")
                return
            self._write([COLUMNS])
            with self.meter(count, "Making", "vouchers") as meter:
                for batch in batches:
                    self._write(voucher_rows(batch, utc_now()))
                    meter.advance(len(batch))
        except BadPattern as error:
            raise CommandError(f"--pattern: {error}") from error
        except ValueError as error:
            argument, _, said = str(error).partition(": ")
            raise CommandError(f"{_OPTIONS.get(argument, argument)}: {said}") from error

    def _list(self, name: str | None) -> None:
        vouchers = Voucher.objects.order_by("created_at", "id")
        if name is not None:
            vouchers = vouchers.filter(label=name)
        self._write([COLUMNS])
        self._write(voucher_rows(vouchers.iterator(chunk_size=1000), utc_now()))

    def _finish(self) -> None:
        if self.dry_run:
            raise CommandError("--finish has no --dry-run.")
        try:
            while run_duty(VOUCHERS):
                pass
        except DutyHeld as error:
            raise CommandError(f"Not now: {error}.") from error

    def _write(self, rows: Iterable[Sequence[object]]) -> None:
        for line in csv_lines(rows):
            self.stdout.write(line, ending="")


#: The option behind an argument of the service, for its errors.
_OPTIONS = {
    "max_uses": "--uses",
    "account_days": "--new-users",
    "grant_days": "--expire-after",
    "valid_until": "--until",
    "tokens": "--tokens",
    "priority": "--priority",
}


def _first(text: str) -> datetime:
    return _read_moment(text, ahead=0)


def _last(text: str) -> datetime:
    return _read_moment(text, ahead=1)


def _read_moment(text: str, *, ahead: int) -> datetime:
    """A day is its beginning, so many days later; a time without a zone is the site's. Raises ArgumentTypeError."""
    try:
        if _DAY.match(text):
            return day_start(date.fromisoformat(text) + timedelta(days=ahead))
        return aware(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise ArgumentTypeError(f"{text!r} is no day or time such as 2026-12-31 or 2026-12-31T10:00") from error
