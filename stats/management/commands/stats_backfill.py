"""`manage.py stats_backfill`: import the figures of an older site."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import redis
from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from kv.web.text_fields import read_option
from stats.errors import BadImport, TotalTooLarge
from stats.services import figures, imports
from stats.services.imports import ImportedVisitors

# Kept as a part of a field's name.
_LONGEST_NAME = 200


class Command(StoreCommand):
    """Import from an older site's Redis, or from a CSV file; safe to run twice."""

    help = (
        "Read stats:visitors, stats:visitors:ips (or stats:visitors_ips), stats:qr_total, stats:revenue and usage:* "
        "from an older site's Redis, or rows date,figure,value from a CSV file, and add them. It may be repeated: "
        "known visitors are recognised, and of numbers only the growth since the last run is added."
    )
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--from URL or --csv FILE, --name."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(
            "--from", dest="url", help="the older site's store, such as rediss://user:password@host:6379/0"
        )
        source.add_argument("--csv", type=Path, help="a file with the columns date,figure,value (revenue in EUR cents)")
        parser.add_argument("--name", default="older", help="a name for each of several older sites (default: older)")

    def handle(self, *args: Any, url: str | None, csv: Path | None, name: str, **options: Any) -> None:
        """Import, and print the results."""
        name = read_option("--name", name, longest=_LONGEST_NAME)
        try:
            if csv is not None:
                self._from_csv(csv, name)
            else:
                self._from_store(url or "", name)
        except BadImport as error:
            raise CommandError(f"{'--from' if csv is None else '--csv'}: {error}") from error
        except TotalTooLarge as error:
            raise CommandError(f"{error}: the total would be larger than 2^53 - 1") from error
        finally:
            figures.forget_figures()

    def _from_store(self, url: str, name: str) -> None:
        try:
            older = redis.Redis.from_url(url, socket_timeout=30, socket_connect_timeout=5)
            older.ping()
            total = sum(int(older.scard(key)) for key in ("stats:visitors:ips", "stats:visitors_ips"))
        except (ValueError, redis.RedisError) as error:
            # The message may repeat the address with its password.
            raise CommandError(f"--from: the older store can't be read ({type(error).__name__})") from None
        with self.meter(total, "Visitors", "addresses") as meter:
            for result in imports.import_older_store(older, source=name, dry_run=self.dry_run, advance=meter.advance):
                self._say(result)

    def _from_csv(self, path: Path, name: str) -> None:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                results = list(
                    self.progress(
                        imports.import_csv(file, source=f"csv:{name}", dry_run=self.dry_run), label="Rows", unit="rows"
                    )
                )
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"--csv: {error}") from error
        totals: dict[str, int] = {}
        for result in results:
            totals[result.figure] = totals.get(result.figure, 0) + result.added
        for figure, added in sorted(totals.items()):
            self._say(imports.ImportedFigure(figure, added))

    def _say(self, result: ImportedVisitors | imports.ImportedFigure | imports.SkippedTool) -> None:
        would = "would be " if self.dry_run else ""
        if isinstance(result, ImportedVisitors):
            self.stdout.write(
                f"visitors: {result.read} read, {result.added} {would}added, {result.unknown} not understood"
            )
        elif isinstance(result, imports.SkippedTool):
            self.stdout.write(f"{result.figure}: skipped, it is not in STATS_TOOLS")
        else:
            self.stdout.write(f"{result.figure}: {result.added} {would}added")
