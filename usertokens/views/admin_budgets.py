"""The admin's part about a user's budgets: what is used of them, and a form for those of staff."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from kv.errors import StoreUnavailable
from kv.rest.permissions import may
from usertokens.errors import AccountClosed
from usertokens.forms import BudgetForm
from usertokens.permissions import MANAGE_TOKENS
from usertokens.services import budgets
from usertokens.types import Budgets
from usertokens.views.staff_log import budgets_line, log_by_staff

#: The value of `action` in a POST of this form.
ACTION = "budgets"


def budgets_form(request: HttpRequest, found: Budgets | None) -> BudgetForm | None:
    """The form with what stands, or with what was sent; None for who may not change it, or without the store."""
    if found is None or not may(request.user, MANAGE_TOKENS):
        return None
    is_sent = request.method == "POST" and request.POST.get("action") == ACTION
    return BudgetForm(found.staff, request.POST if is_sent else None, auto_id="id_budget_%s")


def save_budgets(request: HttpRequest, user_id: str) -> bool:
    """Set the budgets of staff that a POST names, with an entry in the admin's log; False for a form that is not valid.

    Raises PermissionDenied. While the store is away, and for a closed account, nothing is done: the page says so.
    """
    if not may(request.user, MANAGE_TOKENS):
        raise PermissionDenied
    form = BudgetForm({}, request.POST)
    if not form.is_valid():
        return False
    try:
        set_now: Any = budgets.set_budget(user_id, **form.caps(), by_staff=True, actor=str(request.user.pk))
    except (StoreUnavailable, AccountClosed):
        return False
    line = budgets_line(set_now.staff)
    log_by_staff(request.user, user_id, line)
    messages.success(request, line)
    return True
