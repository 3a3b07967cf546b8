"""When an account goes, and what others may hear: a plan that changed."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.signals import pre_delete
from django.dispatch import Signal

from billing.services.accounts import close_account

#: Sent with `user_id`, `plan` and `status` once another plan than before has taken effect.
plan_changed = Signal()


def end_before_delete(sender: Any, instance: Any, **kwargs: Any) -> None:
    """End the user's subscriptions before the row goes, whoever deletes it: a page, the admin, a script."""
    close_account(str(instance.pk))


def end_before_closing(sender: Any, user_id: str, **kwargs: Any) -> None:
    """The same for a project's own signal that names the user by `user_id` (joined in its wiring)."""
    close_account(user_id)


def connect() -> None:
    """Hear Django's own signal."""
    pre_delete.connect(end_before_delete, sender=get_user_model(), dispatch_uid="billing.end_before_delete")
