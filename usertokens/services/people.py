"""Whom an id names."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError

from usertokens.conf import DEMO_USER
from usertokens.errors import UnknownUser

#: What the ORM says of a text that can be nobody's key.
_NO_ID = (ValueError, ValidationError, OverflowError)


def require_user(user_id: str) -> str:
    """The id itself, when it is a user's or the demo account's. Raises UnknownUser."""
    if user_id != DEMO_USER:
        # Every call about another asks this, so it reads the id alone.
        try:
            found = list(_users().filter(pk=user_id).values_list("pk", flat=True)[:1])
        except _NO_ID:
            found = []
        _named(user_id, found[0] if found else None)
    return user_id


def find_user(user_id: str) -> AbstractBaseUser:
    """The user of an id. Raises UnknownUser, also for the demo account."""
    try:
        user: AbstractBaseUser | None = _users().filter(pk=user_id).first()
    except _NO_ID:
        user = None
    if user is None:
        raise UnknownUser(user_id)
    _named(user_id, user.pk)
    return user


def _users() -> Any:
    return get_user_model()._default_manager  # noqa: SLF001 (Django's public name for it)


def _named(user_id: str, found: object) -> None:
    """Raise UnknownUser unless `user_id` is how the found key is written: "007" finds user 7, but names nobody."""
    if found is None or str(found) != user_id:
        raise UnknownUser(user_id)
