"""`manage.py kv_backup FILE`: every key of the project into one file."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from kv.backup.save import note_backup, save_backup
from kv.errors import StoreUnavailable
from kv.management.base import StoreCommand


class Command(StoreCommand):
    """Asks before it replaces a file."""

    help = "Write every key of every installed app to FILE, checksummed. It holds no secrets; keep it as private data."
    destroys = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """FILE."""
        parser.add_argument("file", type=Path, metavar="FILE", help="Made readable by its owner alone.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file, then say how much is in it."""
        path: Path = options["file"].absolute()
        if path.exists():
            self.confirm(f"{path} exists. Replace it?")
        try:
            count = save_backup(path, follow=lambda total: self.meter(total, "Backing up", "keys"))
        except OSError as error:
            raise CommandError(f"{path} can't be written: {error.strerror}") from error
        with suppress(StoreUnavailable):  # the file is complete all the same
            note_backup()
        self.stdout.write(f"{count} keys, {path.stat().st_size} bytes in {path}")
