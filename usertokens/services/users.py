"""Users by their id."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError

from usertokens.conf import DEMO_USER
from usertokens.errors import UnknownUser

#: Users that one search by an e-mail address finds.
_FEW = 100
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


def list_users(user_ids: Iterable[str]) -> Any:
    """A queryset of the users with these ids. Ids that can't be a user's, such as the demo account's, are left out."""
    key: Any = get_user_model()._meta.pk  # noqa: SLF001 (Django documents it)
    found = []
    for user_id in user_ids:
        with suppress(*_NO_ID):
            found.append(key.to_python(user_id))
    return _users().filter(pk__in=found)


def find_by_email(text: str) -> list[str]:
    """The ids of the users with an e-mail address that begins so, few of them; none for a text without an @."""
    users = get_user_model()
    field = users.get_email_field_name()
    if "@" not in text or field not in {one.name for one in users._meta.get_fields()}:  # noqa: SLF001 (Django documents it)
        return []
    return [str(key) for key in _users().filter(**{f"{field}__istartswith": text}).values_list("pk", flat=True)[:_FEW]]


def _users() -> Any:
    return get_user_model()._default_manager  # noqa: SLF001 (Django's public name for it)


def _require_same(user_id: str, found: object) -> None:
    """Raise UnknownUser unless the found key is written exactly like `user_id`: "007" finds user 7, but is no id."""
    if found is None or str(found) != user_id:
        raise UnknownUser(user_id)
