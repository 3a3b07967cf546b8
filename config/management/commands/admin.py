"""`manage.py admin`: creates an administrator with a random password."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.second_factor import turn_off
from kv.web.text_fields import read_option


class Command(BaseCommand):
    """Prints the password once; only its hash is stored."""

    help = (
        "Create an administrator and print the password. "
        "--reset gives an existing administrator a new password and removes the second factor."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME, --reset."""
        parser.add_argument("name", nargs="?", default="admin", help="The username (default: admin).")
        parser.add_argument(
            "--reset",
            action="store_true",
            help="Set a new password for an existing administrator and remove the second factor.",
        )
        parser.add_argument(
            "--no-second-factor", action="store_true", help="Only remove the second factor, of any member of staff."
        )

    def handle(self, *args: Any, name: str, reset: bool, no_second_factor: bool, **options: Any) -> None:
        """Create the account or reset its password, and print the password; or only remove the second factor."""
        name = read_option("NAME", name, longest=150)
        call_command("migrate", interactive=False, verbosity=0)
        users = get_user_model().objects
        user = users.filter(username=name).first()
        if no_second_factor:
            if user is None:
                raise CommandError(f"There is no user {name}.")
            self._remove_second_factor(user)
            return
        password = secrets.token_urlsafe(15)
        if user is None:
            user = users.create_superuser(username=name, email=None, password=password)
        elif not user.is_superuser:
            raise CommandError(f"{name} is a user who is no administrator: choose another name.")
        elif not reset:
            self.stdout.write(
                f"There is an administrator {name} already. "
                f"`manage.py admin {name} --reset` gives them a new password; "
                f"`manage.py changepassword {name}` asks for one."
            )
            return
        else:
            user.set_password(password)
            user.save(update_fields=["password"])
            self._remove_second_factor(user)
        self.stdout.write(f"Username   {name}\nPassword   {password}\nLog in at  {settings.SITE_URL}/admin/")

    def _remove_second_factor(self, user: Any) -> None:
        was_on = turn_off(user)
        self.stdout.write(f"The second factor of {user} is removed." if was_on else f"{user} has no second factor.")
