"""`manage.py stats_reset`: remove all statistics."""

from __future__ import annotations

from typing import Any

from kv.management.base import StoreCommand
from stats.services import totals


class Command(StoreCommand):
    """Remove every figure of the statistics."""

    help = "Remove all totals, uses of tools, daily series, and the record of which visitors were counted."
    destroys = True
    writes_bulk = True

    def handle(self, *args: Any, **options: Any) -> None:
        """Count, ask, remove."""
        found = totals.count_keys()
        if self.dry_run:
            self.stdout.write(f"{found} keys would be removed.")
            return
        self.confirm(f"Remove all statistics ({found} keys)? This can't be undone; kv_backup first if unsure.")
        removed = 0
        with self.meter(found, "Removing", "keys") as meter:
            for batch in totals.reset_figures():
                removed += batch
                meter.advance(batch)
        self.stdout.write(f"{removed} keys removed.")
