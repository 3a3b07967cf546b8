"""`manage.py usertokens_forget USER`: deletes a user and all data about them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from usertokens.errors import AccountNotClosed, UnknownUser
from usertokens.services.accounts import delete_account, forget_user, is_known
from usertokens.services.users import find_user


class Command(StoreCommand):
    """Deletes keys, rows and the user; a tombstone stops late events from creating any of them again."""

    help = (
        "Delete a user and all data about them, for good. Safe to run again, also for a user who is deleted already. "
        "An unknown id is refused: it would be blocked for two years, also for a later user who gets it."
    )
    destroys = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """USER --force."""
        parser.add_argument("user", help="the user's id")
        parser.add_argument("--force", action="store_true", help="also an unknown id without any data")

    def handle(self, *args: Any, user: str, force: bool, **options: Any) -> None:
        """Ask, then forget."""
        try:
            if not force and not is_known(user):
                raise CommandError(f"There is no user {user}, and nothing is kept about one.")
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.confirm(f"Delete user {user} and everything kept about them, for good?")
        try:
            account = find_user(user)
        except UnknownUser:
            account = None
        try:
            if account is None:
                forget_user(user)
            else:
                delete_account(account)
        except AccountNotClosed as error:
            raise CommandError(f"Nothing was deleted: {error.__cause__}") from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"user {user} is forgotten")
