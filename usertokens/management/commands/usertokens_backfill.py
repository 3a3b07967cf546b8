"""`manage.py usertokens_backfill`: imports an older site's users or tokens."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from usertokens.errors import AccountClosed, BadImport, IdempotencyConflict
from usertokens.services import imports
from usertokens.services.imports import Imported


class Command(StoreCommand):
    """Imports from an older site's Redis or from a CSV file; safe to run twice."""

    help = (
        "Import user:*:stats and user:*:last_login from an older site's Redis, or rows user_id,id,at,amount,reason "
        "from a CSV file. Safe to run again: each user and each id is imported once."
    )
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--from URL or --csv FILE."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(
            "--from", dest="url", help="the older site's store, such as rediss://user:password@host:6379/0"
        )
        source.add_argument("--csv", type=Path, help=f"a file with the columns {','.join(imports.COLUMNS)}")

    def handle(self, *args: Any, url: str | None, csv: Path | None, **options: Any) -> None:
        """Import, and print the result."""
        try:
            if csv is None:
                self._count(self._from_store(url or ""))
            else:
                with csv.open(encoding="utf-8-sig", newline="") as file:
                    self._count(imports.import_csv(file, dry_run=self.dry_run))
        except (BadImport, OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from error
        except (IdempotencyConflict, AccountClosed) as error:
            raise CommandError(f"stopped: {type(error).__name__}") from error

    def _from_store(self, url: str) -> Iterator[Imported]:
        try:
            older = redis.Redis.from_url(url, socket_timeout=30, socket_connect_timeout=5)
            older.ping()
            yield from imports.import_older_store(older, dry_run=self.dry_run)
        except (ValueError, redis.RedisError) as error:
            # The message may contain the URL with its password.
            raise CommandError(f"--from: the older store can't be read ({type(error).__name__})") from None

    def _count(self, results: Iterator[Imported]) -> None:
        added = known = left_out = 0
        for result in self.progress(results, label="Importing", unit="items"):
            added += result.added
            known += not result.added and not result.problem
            if result.problem:
                left_out += 1
                self.stdout.write(f"{result.name}: {result.problem}")
        would = "would be " if self.dry_run else ""
        self.stdout.write(f"{added} {would}taken over, {known} known, {left_out} left out")
