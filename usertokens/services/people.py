"""Whom an id names."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError

from usertokens.conf import DEMO_USER
from usertokens.errors import UnknownUser


def require_user(user_id: str) -> str:
    """The id itself, when it is a user's or the demo account's. Raises UnknownUser."""
    if user_id != DEMO_USER:
        find_user(user_id)
    return user_id


def find_user(user_id: str) -> AbstractBaseUser:
    """The user of an id. Raises UnknownUser, also for the demo account."""
    users = get_user_model()._default_manager  # noqa: SLF001 (Django's public name for it)
    try:
        user = users.filter(pk=user_id).first()
    except (ValueError, ValidationError, OverflowError):
        user = None
    # "007" finds user 7, but names nobody: an id is the one way it is written.
    if user is None or str(user.pk) != user_id:
        raise UnknownUser(user_id)
    return user
