"""What staff and services do to a user, in the admin's log: the page about the user shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _

from usertokens.models import TokenLedger
from usertokens.types import Caps, budget_name
from usertokens.types.budgets import DAY, MONTH


def log_by_staff(staff: Any, user_id: str, message: str) -> None:
    """Write an entry about a user, where the project has the admin. staff: who did it, a user of the project."""
    if not apps.is_installed("django.contrib.admin"):
        return
    # Only where it is installed: a model of an app that is not can't be imported.
    from django.contrib.admin.models import CHANGE, LogEntry

    LogEntry.objects.create(
        user=cast("User", staff),
        content_type=content_type(),
        object_id=user_id,
        object_repr=user_id,
        action_flag=CHANGE,
        change_message=message,
    )


def content_type() -> ContentType:
    """Under which the admin's log has these entries."""
    return ContentType.objects.get_for_model(TokenLedger)


def budgets_line(staff: Mapping[str, Caps]) -> str:
    """What the log says of the budgets that staff have set."""
    named = (
        f"{budget_name(action, period)} {tokens}"
        for action, caps in staff.items()
        for period, tokens in ((DAY, caps.day), (MONTH, caps.month))
        if tokens is not None
    )
    text = ", ".join(named)
    return _("Set the budgets: %(budgets)s") % {"budgets": text} if text else _("Removed all budgets of staff")
