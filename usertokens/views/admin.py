"""Admin pages: a search for users, and a user's activity, grants and journal, with logged corrections."""

from __future__ import annotations

import secrets
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from kv.errors import StoreUnavailable
from usertokens.conf import DEMO_USER
from usertokens.errors import (
    AccountClosed,
    BalanceTooLarge,
    IdempotencyConflict,
    InsufficientTokens,
    OpenHolds,
    UnknownUser,
)
from usertokens.forms import CorrectionForm
from usertokens.models import TokenLedger
from usertokens.services import balances, dashboards, journal, resets, users
from usertokens.views.paging import entry_before

FOUND = 50
PAGE = 50


def users_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Users whose name contains `q`, or whose id is `q`; without `q` the newest."""
    accounts = get_user_model()._default_manager  # noqa: SLF001 (Django's public name for it)
    query = request.GET.get("q", "").strip()
    rows = accounts.order_by("-pk")
    if query:
        name = get_user_model().USERNAME_FIELD
        rows = rows.filter(**{f"{name}__icontains": query})
    found: list[Any] = list(rows[:FOUND])
    if query:
        try:
            by_id = users.find_user(query)
            found = [by_id, *(user for user in found if user.pk != by_id.pk)]
        except UnknownUser:
            pass
    context |= {"query": query, "found": found, "demo": DEMO_USER}
    return TemplateResponse(request, "usertokens/admin/users.html", context)


def user_page(request: HttpRequest, user_id: str, context: dict[str, Any], *, may_change: bool) -> HttpResponse:
    """GET: a user's tokens. POST {action, amount, reason}: correct them, with an entry in the admin's log."""
    try:
        users.require_user(user_id)
    except UnknownUser as error:
        raise Http404 from error
    # The idempotency key is a hidden field: a form that is sent twice corrects once.
    form = CorrectionForm(request.POST or None, initial={"key": secrets.token_hex(16)})
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        if form.is_valid() and _correct(request, user_id, form):
            return HttpResponseRedirect(request.path)
    context |= {"subject_id": user_id, "title": _("Tokens of user %(user)s") % {"user": user_id}, "form": form}
    context["may_change"] = may_change
    try:
        context |= {
            "page": dashboards.read_dashboard(user_id),
            "grants": balances.get_balance(user_id).grants,
            "journal": journal.list_transactions(user_id, limit=PAGE, before=entry_before(request)),
        }
    except StoreUnavailable:
        context["store_away"] = True
    except AccountClosed:
        context["closed"] = True
    object_log = LogEntry.objects.filter(content_type=_content_type(), object_id=user_id)
    context["log"] = object_log.select_related("user")[:20]
    return TemplateResponse(request, "usertokens/admin/user.html", context)


def _correct(request: HttpRequest, user_id: str, form: CorrectionForm) -> bool:
    data = form.cleaned_data
    staff = str(request.user.pk)
    try:
        if data["action"] == form.GRANT:
            balances.add_tokens(user_id, data["amount"], reason=data["reason"], actor=staff, key=data["key"])
            message = _("Granted %(amount)d tokens: %(reason)s") % data
        elif data["action"] == form.ADJUST:
            balances.adjust_tokens(user_id, data["amount"], reason=data["reason"], actor=staff, key=data["key"])
            message = _("Adjusted the balance by %(amount)d: %(reason)s") % data
        else:
            resets.reset_user(user_id, reason=data["reason"], actor=staff, key=data["key"])
            message = _("Reset to the first day: %(reason)s") % data
    except InsufficientTokens as error:
        form.add_error(
            "amount", _("The balance is %(balance)d; it can't fall below zero.") % {"balance": error.balance}
        )
    except OpenHolds:
        form.add_error("action", _("Tokens are on hold. They must be captured or released first."))
    except BalanceTooLarge:
        form.add_error("amount", _("The balance would become too large. Enter a smaller number."))
    except AccountClosed:
        form.add_error(None, _("This account was closed."))
    except IdempotencyConflict:
        form.add_error(None, _("This form was sent before with other values. Load the page again."))
    else:
        _log(request, user_id, message)
        messages.success(request, message)
    return not form.errors


def _log(request: HttpRequest, user_id: str, message: str) -> None:
    LogEntry.objects.create(
        user=cast("User", request.user),
        content_type=_content_type(),
        object_id=user_id,
        object_repr=user_id,
        action_flag=CHANGE,
        change_message=message,
    )


def _content_type() -> ContentType:
    return ContentType.objects.get_for_model(TokenLedger)
