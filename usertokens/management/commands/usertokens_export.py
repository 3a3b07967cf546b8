"""`manage.py usertokens_export USER`: prints all data about a user, as JSON."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from usertokens.services.accounts import is_known
from usertokens.services.exports import export_user, stream_json


class Command(StoreCommand):
    """The same data that users can download themselves."""

    help = "Write all data about a user to the standard output, as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """USER."""
        parser.add_argument("user", help="the user's id")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        """Write it part by part."""
        try:
            known = is_known(user)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if not known:
            raise CommandError(f"There is no user {user}, and nothing is kept about one.")
        for part in stream_json(export_user(user)):
            self.stdout.write(part, ending="")
