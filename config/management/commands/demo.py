"""`manage.py demo`: sample data for a fresh site."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils import timezone

from config.demo import DAYS, fill_part, list_parts
from kv.errors import StoreUnavailable
from kv.management.base import StoreCommand


class Command(StoreCommand):
    """Fills every app with three months of sample data."""

    help = (
        f"Fill a fresh data directory with {DAYS} days of realistic sample data, so that every page shows something. "
        "The same seed makes the same data. Refuses when there are records already. Creates no administrator."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--seed, --force."""
        parser.add_argument(
            "--seed", default="countinghouse", help="any text; another seed makes other data (default: countinghouse)"
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="add sample data to existing records; it can't be separated from them later",
        )

    def handle(self, *args: Any, seed: str, force: bool, **options: Any) -> None:
        """Migrate, check that there are no records, and fill each app."""
        call_command("migrate", verbosity=0, interactive=False)
        parts = list_parts()
        for part in parts:
            part.check()
        counted = [part.title for part in parts if not part.is_fresh()]
        if counted and not force:
            raise CommandError(
                f"There are records already ({', '.join(counted)}); sample data can't be separated from them later. "
                "Choose a fresh DATA_DIR, or add it with --force."
            )
        now = timezone.now()
        for part in parts:
            with self.meter(label=part.title, unit="records") as meter:
                try:
                    fill_part(part, seed=seed, now=now, advance=meter.advance)
                except (StoreUnavailable, DatabaseError) as error:
                    raise CommandError(
                        f"Stopped within {part.title}: {error}. What was written stays, so a second run refuses. Empty "
                        "the DATA_DIR and begin again, or add the rest with --force: sample users that are there are "
                        "left alone, figures of before are added to."
                    ) from error
        self.stdout.write("Sample data is in place: `make run` shows it.")
        for part in parts:
            if part.afterwards:
                self.stdout.write(part.afterwards)
