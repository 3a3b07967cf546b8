"""`manage.py service_token`: creates an account for a program, and a token."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from kv.signals import service_token_made
from kv.web.text_fields import read_option

_MOST_DAYS = 3650


class Command(BaseCommand):
    """Creates a service account without a password and prints a token for it, once."""

    help = (
        "Create the service account NAME (no password, not staff), give it the permissions, and print a token. "
        "The standard output is only the token. It is shown once; only its hash is stored. "
        "Send it as «Authorization: Token …». Run the command again for another token; "
        "delete tokens in the admin to revoke them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME, --perm APP.CODENAME …, --days."""
        parser.add_argument("name", help="the account's username")
        parser.add_argument(
            "--perm", nargs="+", action="extend", required=True, metavar="APP.CODENAME", dest="permissions"
        )
        parser.add_argument("--days", type=int, default=365, help="days until the token expires, 1–3650 (default 365)")

    def handle(self, *args: Any, name: str, permissions: list[str], days: int, **options: Any) -> None:
        """Create the account and the token, or neither."""
        make_token = _token_maker()
        name = read_option("NAME", name, longest=150)
        if not 1 <= days <= _MOST_DAYS:
            raise CommandError(f"--days: 1 to {_MOST_DAYS} are possible")
        wanted = [self._permission(text) for text in permissions]
        with transaction.atomic():
            user = self._account(name)
            user.user_permissions.add(*wanted)
            kept, token = make_token(user, expiry=timedelta(days=days))
            service_token_made.send(Command, token=kept, text=token)
        self.stdout.write(token)

    def _account(self, name: str) -> Any:
        users: Any = get_user_model()
        user = users.objects.filter(**{users.USERNAME_FIELD: name}).first()
        if user is None:
            user = users(**{users.USERNAME_FIELD: name})
            user.set_unusable_password()
            try:
                user.full_clean(exclude=["password"])
            except ValidationError as error:
                raise CommandError(f"NAME: {' '.join(error.messages)}") from error
            user.save()
        elif user.has_usable_password() or user.is_staff or not user.is_active:
            raise CommandError(f"{name} is not a service account; choose another name")
        return user

    def _permission(self, text: str) -> Permission:
        app, _, codename = text.partition(".")
        found = Permission.objects.filter(content_type__app_label=app, codename=codename).first()
        if found is None:
            raise CommandError(f"--perm: there is no permission {text}")
        return found


def _token_maker() -> Any:
    """knox's function that makes a token. Raises CommandError where knox is not installed."""
    if not apps.is_installed("knox"):
        raise CommandError("Tokens are django-rest-knox's: install it, and add knox to INSTALLED_APPS.")
    from knox.models import get_token_model

    return get_token_model().objects.create
