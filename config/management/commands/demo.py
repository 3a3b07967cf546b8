"""`manage.py demo`: sample data for a fresh site."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from config.demo import DAYS, fill_part, list_parts
from kv.management.base import StoreCommand


class Command(StoreCommand):
    """Fill every app with three months of sample data."""

    help = (
        f"Fills a fresh data directory with {DAYS} days of believable sample data, so that every page has something to "
        "show. The same seed makes the same data. Refuses where anything has been counted already. Makes no admin."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--seed, --force."""
        parser.add_argument("--seed", default="countinghouse", help="any text; another one makes other data")
        parser.add_argument(
            "--force", action="store_true", help="add the sample data to what is there; it can't be told apart later"
        )

    def handle(self, *args: Any, seed: str, force: bool, **options: Any) -> None:
        """Make the tables, look whether the store is empty, and let each app fill its part."""
        call_command("migrate", verbosity=0, interactive=False)
        parts = list_parts()
        for part in parts:
            part.check()
        counted = [part.title for part in parts if not part.is_fresh()]
        if counted and not force:
            raise CommandError(
                f"Something is here already ({', '.join(counted)}), and sample data can't be told apart from it later. "
                "Choose a fresh DATA_DIR; --force adds it all the same."
            )
        now = timezone.now()
        for part in parts:
            with self.meter(label=part.title, unit="records") as meter:
                fill_part(part, seed=seed, now=now, advance=meter.advance)
        self.stdout.write("Sample data is in place: `make run` shows it.")
        for part in parts:
            if part.afterwards:
                self.stdout.write(part.afterwards)
