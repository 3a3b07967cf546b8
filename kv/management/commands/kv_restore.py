"""`manage.py kv_restore FILE`: a backup back into the store."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from kv.backup.restore import StoreNotEmpty, count_keys, restore_backup, verify_backup
from kv.management.base import StoreCommand


class Command(StoreCommand):
    """Verifies the whole file first; asks before it lays a backup over keys that are there."""

    help = "Put every key of a backup FILE back. The whole file is verified before anything is written."
    destroys = True
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """FILE, --replace."""
        parser.add_argument("file", type=Path, metavar="FILE", help="What kv_backup wrote.")
        parser.add_argument(
            "--replace",
            action="store_true",
            help="Go on when the store holds keys: afterwards it holds the backup's only.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, ask, restore, and say what was done."""
        path: Path = options["file"].absolute()
        try:
            header, total = verify_backup(path)
        except OSError as error:
            raise CommandError(f"{path} can't be read: {error.strerror}") from error
        self.stdout.write(f"{total} keys of {header.created} from {header.server}; the file is whole")
        present = count_keys()
        if self.dry_run:
            self.stdout.write(f"The store holds {present} keys of this project. Nothing was changed.")
            return
        if present and not options["replace"]:
            raise CommandError(
                f"The store holds {present} keys of this project already: say --replace to replace them."
            )
        if present:
            self.confirm(f"Replace the {present} keys in the store by the {total} of the backup?")
        try:
            done = restore_backup(
                path, replace=present > 0, follow=lambda total: self.meter(total, "Restoring", "keys")
            )
        except StoreNotEmpty as error:
            raise CommandError(f"Nothing was restored: {error}.") from error
        self.stdout.write(
            f"{done.written} keys restored, {done.expired} had expired, {done.removed} that the backup has not removed"
        )
        if done.dropped:
            self.stdout.write(f"{done.dropped} fields no longer expire: this server has no expiry of single fields")
