"""`manage.py usertokens_forget USER`: remove everything kept about a user."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from usertokens.errors import AccountNotClosed, UnknownUser
from usertokens.services.accounts import delete_account, forget_user
from usertokens.services.people import find_user


class Command(StoreCommand):
    """Keys, rows and the user; a tombstone keeps late events from bringing any of it back."""

    help = (
        "Deletes a user and everything kept about them, for good. Safe to run again; also for a user who is "
        "deleted already."
    )
    destroys = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """USER."""
        parser.add_argument("user", help="the user's id")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        """Ask, then forget."""
        self.confirm(f"Delete user {user} and everything kept about them, for good?")
        try:
            person = find_user(user)
        except UnknownUser:
            person = None
        try:
            if person is None:
                forget_user(user)
            else:
                delete_account(person)
        except AccountNotClosed as error:
            raise CommandError(f"Nothing was deleted: {error.__cause__}") from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"user {user} is forgotten")
