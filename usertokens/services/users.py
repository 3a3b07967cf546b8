"""Users by their id."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError

from usertokens.conf import DEMO_USER
from usertokens.errors import UnknownUser

#: What the ORM raises for a text that no primary key can hold.
_NO_ID = (ValueError, ValidationError, OverflowError)


def require_user(user_id: str) -> str:
    """The id itself, when it is a user's or the demo account's. Raises UnknownUser."""
    if user_id != DEMO_USER:
        # Every call about another user runs this query, so it reads the id only.
        try:
            found = list(_users().filter(pk=user_id).values_list("pk", flat=True)[:1])
        except _NO_ID:
            found = []
        _require_same(user_id, found[0] if found else None)
    return user_id


def find_user(user_id: str) -> AbstractBaseUser:
    """The user of an id. Raises UnknownUser, also for the demo account."""
    try:
        user: AbstractBaseUser | None = _users().filter(pk=user_id).first()
    except _NO_ID:
        user = None
    if user is None:
        raise UnknownUser(user_id)
    _require_same(user_id, user.pk)
    return user


def _users() -> Any:
    return get_user_model()._default_manager  # noqa: SLF001 (Django's public name for it)


def _require_same(user_id: str, found: object) -> None:
    """Raise UnknownUser unless the found key is written exactly like `user_id`: "007" finds user 7, but is no id."""
    if found is None or str(found) != user_id:
        raise UnknownUser(user_id)
