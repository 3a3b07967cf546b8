"""Logs users in by their e-mail address in the place of their name."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from config.addresses import find_by_address


class ByAddress(BaseBackend):
    """Stands before Django's backend, which then looks for a user of that name.

    A name may look like an address, also like somebody else's. Then the password decides: it is compared with that of
    the address's user and with that of the name's. So nobody is logged in as another, and nobody is locked out by a
    name that somebody chose. What has an `@` costs one hash when no user has that name, and two otherwise, whether or
    not the address is known: neither answers nor times tell whose address is known here.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **more: Any
    ) -> Any:
        """The user whose address and password these are. Raises PermissionDenied when no other backend is to look."""
        if username is None or password is None or "@" not in username:
            return None
        users = get_user_model()
        user = find_by_address(username)
        is_a_name = users._default_manager.filter(**{users.USERNAME_FIELD: username}).exists()  # noqa: SLF001 (Django's public name for it)
        if user is None:
            if is_a_name:
                users().set_password(password)
            return None
        if user.check_password(password):
            return user
        if is_a_name:
            return None
        raise PermissionDenied

    def get_user(self, user_id: Any) -> Any:
        """The active user of a session, or None."""
        return get_user_model()._default_manager.filter(pk=user_id, is_active=True).first()  # noqa: SLF001 (Django's public name for it)
