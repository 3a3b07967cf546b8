"""A new password without the old one: by a link in a mail, or by a recovery code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model, password_validation
from django.db import transaction

from config.addresses import find_by_address
from config.lockout import forget_failures
from config.mail_queue import PASSWORD, RESET, queue_mail
from config.open_sessions import end_other_sessions


def request_reset(address: str, *, language: str) -> None:
    """Queue a mail with a link to the user whose address this is. Nothing tells whether there is one."""
    user = find_by_address(address)
    has_password = user is not None and user.has_usable_password()
    queue_mail(RESET, user if has_password else None, language=language)


def set_new_password(user: Any, password: str, *, is_valid: Callable[[Any], bool], language: str) -> bool:
    """Set the password, end all sessions, and tell the user by mail; False when the right to it was used meanwhile.

    is_valid: asked with the locked user; what it deletes is deleted only when the password is set.
    Raises HashingBusy, having done nothing.
    """
    user.set_password(password)  # hashed before the lock, since it takes long
    with transaction.atomic():
        users = get_user_model()._default_manager  # noqa: SLF001 (Django's public name for it)
        locked = users.select_for_update().filter(pk=user.pk, is_active=True).first()
        if locked is None or not is_valid(locked):
            return False
        locked.password = user.password
        locked.save(update_fields=["password"])
        password_validation.password_changed(password, locked)
        end_other_sessions(locked, None)
        forget_failures(locked)
        queue_mail(PASSWORD, locked, language=language)
    return True
