"""`manage.py codetags_reset`: delete the hits of one code, or of all."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from codetags import keys
from codetags.errors import MalformedCode
from codetags.services import counts, resets
from codetags.services.codes import parse_code
from kv.management.base import StoreCommand


class Command(StoreCommand):
    """Deletes hits, in the store and in SQL; the registry stays."""

    help = "Delete every hit of a code, or of all codes, in the store and in SQL. The registry stays."
    destroys = True
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The code."""
        parser.add_argument(
            "code",
            nargs="?",
            help="One code; ~OTHER: unknown codes beyond CODETAGS_MAX_UNKNOWN.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, forget."""
        if options["code"] is None:
            self._reset_all()
        else:
            self._reset_one(options["code"])

    def _reset_all(self) -> None:
        total = counts.list_codes(limit=1).total
        if self.dry_run:
            self.stdout.write(f"The hits of {total} codes would be forgotten.")
            return
        self.confirm(f"Forget every hit of all {total} codes? This can't be undone; kv_backup first if unsure.")
        resets.reset_all()
        self.stdout.write(f"The hits of {total} codes are forgotten.")

    def _reset_one(self, text: str) -> None:
        try:
            code = keys.OTHER if text.upper() == keys.OTHER else parse_code(text)
        except MalformedCode as error:
            raise CommandError(f"{text!r} is not a code.") from error
        known = counts.get_code(code)
        if known is None:
            raise CommandError(f"{code} was never hit, and the registry does not have it.")
        if self.dry_run:
            self.stdout.write(f"{known.count} hits of {code} would be forgotten.")
            return
        self.confirm(f"Forget {known.count} hits of {code}? This can't be undone.")
        self.stdout.write(f"{resets.reset_code(code)} hits of {code} are forgotten.")
