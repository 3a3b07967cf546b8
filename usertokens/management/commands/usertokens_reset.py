"""`manage.py usertokens_reset USER`: resets a user to the first day."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from kv.web.text_fields import read_option
from usertokens.errors import AccountClosed, OpenHolds, UnknownUser
from usertokens.services.resets import reset_user
from usertokens.services.users import require_user
from usertokens.types import LONGEST_REASON


class Command(StoreCommand):
    """Sets activity and balance to the first day."""

    help = (
        "Reset a user's activity and tokens to the first day. The journal is archived; bought tokens are lost too. "
        "A plan set by billing stays, with its allowance."
    )
    destroys = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """USER --reason."""
        parser.add_argument("user", help="the user's id")
        parser.add_argument("--reason", default="reset", help="the reason in the journal, at most 200 characters")

    def handle(self, *args: Any, user: str, reason: str, **options: Any) -> None:
        """Ask, then reset."""
        reason = read_option("--reason", reason, longest=LONGEST_REASON)
        try:
            require_user(user)
            self.confirm(f"Reset user {user}?")
            reset_user(user, reason=reason, actor="usertokens_reset")
        except UnknownUser as error:
            raise CommandError(f"There is no user {user}.") from error
        except AccountClosed as error:
            raise CommandError(f"The account of user {user} was deleted.") from error
        except OpenHolds as error:
            raise CommandError("Tokens are on hold. Capture or release them first.") from error
        self.stdout.write(f"user {user} was reset")
