"""`manage.py kv_check`: is the store set up so that what it acknowledges lasts?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from kv.store.health import inspect_store


class Command(StoreCommand):
    """Says what it finds; exit status 1 when something is wrong."""

    help = "Check that the store persists and evicts nothing, that every script loads and that the clocks agree."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a finding."""
        wrong = False
        styles = {"ok": self.style.SUCCESS, "warning": self.style.WARNING, "error": self.style.ERROR}
        for finding in inspect_store():
            wrong = wrong or finding.level == "error"
            self.stdout.write(f"{styles[finding.level](f'{finding.level:7}')} {finding.text}")
        if wrong:
            raise CommandError("What this store acknowledges may not last.")
