"""Whom an id names."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from usertokens.conf import DEMO_USER
from usertokens.errors import UnknownUser


def require_user(user_id: str) -> str:
    """The id itself, when it is a user's or the demo account's. Raises UnknownUser."""
    if user_id == DEMO_USER:
        return user_id
    users = get_user_model()._default_manager  # noqa: SLF001 (Django's public name for it)
    try:
        known = users.filter(pk=user_id).values_list("pk", flat=True).first()
    except (ValueError, ValidationError, OverflowError):
        known = None
    # "007" finds user 7, but names nobody: an id is the one way it is written.
    if known is None or str(known) != user_id:
        raise UnknownUser(user_id)
    return user_id
