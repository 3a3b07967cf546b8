"""Listeners for deleted accounts, and the signal of a changed plan."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.signals import pre_delete
from django.dispatch import Signal

from billing.services.accounts import close_account
from billing.services.auto_closing import export_auto_topup

#: Sent with `user_id`, `plan` and `status` after a different plan has taken effect.
plan_changed = Signal()


def end_before_delete(sender: Any, instance: Any, **kwargs: Any) -> None:
    """End the user's subscriptions before the row is deleted, by a page, the admin or a script."""
    close_account(str(instance.pk))


def end_before_closing(sender: Any, user_id: str, **kwargs: Any) -> None:
    """The same for a project's own signal with a `user_id` (the project connects it)."""
    close_account(user_id)


def export_settings(sender: Any, user: Any, **kwargs: Any) -> dict[str, Any]:
    """What is kept of a user's automatic top-up, for a signal that exports an account (the project connects it)."""
    found = export_auto_topup(str(user.pk))
    return {"automatic_topup": found} if found else {}


def connect() -> None:
    """Listen to Django's own signal."""
    pre_delete.connect(end_before_delete, sender=get_user_model(), dispatch_uid="billing.end_before_delete")
