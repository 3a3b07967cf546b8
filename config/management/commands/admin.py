"""`manage.py admin`: an administrator with a random password."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from kv.text_fields import read_option


class Command(BaseCommand):
    """Prints the password once; only its hash is kept."""

    help = "Make an administrator and print the password. --reset gives one that exists a new password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME, --reset."""
        parser.add_argument("name", nargs="?", default="admin", help="The username (default: admin).")
        parser.add_argument("--reset", action="store_true", help="Give an administrator that exists a new password.")

    def handle(self, *args: Any, name: str, reset: bool, **options: Any) -> None:
        """Make the account, or reset its password, and print it."""
        name = read_option("NAME", name, longest=150)
        call_command("migrate", interactive=False, verbosity=0)
        users = get_user_model().objects
        user = users.filter(username=name).first()
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
        self.stdout.write(f"Username   {name}\nPassword   {password}\nLog in at  {settings.SITE_URL}/admin/")
