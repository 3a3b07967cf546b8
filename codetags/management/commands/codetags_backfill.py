"""`manage.py codetags_backfill`: import the counts of an older site."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import CommandError

from codetags.errors import BadImport
from codetags.services import imports, rollup
from codetags.services.imports import OldCount
from kv.management.base import StoreCommand
from kv.web.text_fields import read_option

# Kept as a part of a field's name.
_LONGEST_NAME = 200


class Command(StoreCommand):
    """Adds older counts to the live ones. Run again, it adds only what the older site has counted since."""

    help = (
        "Add the counts of an older site: its keys qr:count:* (--from rediss://…) or a CSV file with the columns "
        "code,count or code,date,count. It may be repeated: only what is new there is added."
    )
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--from URL or --csv FILE."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--from", dest="url", metavar="URL", help="The older site's Redis, such as rediss://….")
        source.add_argument("--csv", type=Path, metavar="FILE", help="A file with code,count or code,date,count.")
        parser.add_argument("--name", help="The name of the source, when its address or file name has changed since.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, add, roll up."""
        named = options["name"]
        source = read_option("--name", named, longest=_LONGEST_NAME) if named else self._name(options)
        try:
            done = imports.import_hits(source, self._counts(options), dry_run=self.dry_run)
        except BadImport as error:
            raise CommandError(f"{'--from' if options['url'] else '--csv'}: {error}") from error
        if not self.dry_run:
            rollup.roll_up_days(everything=True)
        for name in done.skipped:
            self.stderr.write(f"Skipped, since it is not a code: {name!r}", style_func=str)
        verb = "would be added" if self.dry_run else "added"
        self.stdout.write(f"{done.hits} hits of {done.codes} codes {verb}; {len(done.skipped)} names skipped.")

    def _counts(self, options: dict[str, Any]) -> Iterator[OldCount]:
        counts = imports.read_older_store(options["url"]) if options["url"] else imports.read_csv(options["csv"])
        return self.progress(counts, label="Reading", unit="codes")

    def _name(self, options: dict[str, Any]) -> str:
        if not options["url"]:
            return str(options["csv"].name)
        try:
            parts = urlsplit(options["url"])
            port = parts.port
        except ValueError as error:
            # The message of the error repeats the text after the colon, which may be a part of a password.
            raise CommandError(f"--from: the older store can't be read: its address ({type(error).__name__})") from None
        return f"{parts.hostname or ''}:{port or ''}{parts.path}"  # no password: it becomes a part of a key
