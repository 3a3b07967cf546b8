"""The admin's page of one user: account, activity, grants, journal, what other apps know. See staff_actions.py."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kv.desk.parts import admin_link, read_sections
from kv.errors import StoreUnavailable
from kv.rest.permissions import may
from kv.work.states import read_duties
from usertokens.duties import DIRECTORY
from usertokens.errors import AccountClosed, UnknownUser
from usertokens.forms import CorrectionForm
from usertokens.permissions import may_view_accounts
from usertokens.services import balances, dashboards, directory, holds, journal, users
from usertokens.types import Tokens
from usertokens.views import admin_budgets
from usertokens.views.paging import entry_before
from usertokens.views.staff_actions import carry_out, describe
from usertokens.views.staff_log import content_type

PAGE = 50


def show_live(rows: Sequence[Any]) -> bool:
    """Give each row of the list its `live` values, None where there are none; whether the store is away."""
    try:
        live = directory.read_live([row.pk for row in rows])
        is_away = False
    except StoreUnavailable:
        live, is_away = {}, True
    for row in rows:
        row.live = live.get(row.pk)
    return is_away


def copied_at() -> Any:
    """When the values by which the list is sorted were copied; None: not known."""
    try:
        (state,) = read_duties([DIRECTORY])
    except StoreUnavailable:
        return None
    return state.last


def user_page(request: HttpRequest, user_id: str, context: dict[str, Any]) -> HttpResponse:
    """GET: a user. POST {action, amount, plan, hold, reason, key}: act for them, with an entry in the admin's log.

    POST {action: "budgets", day, month, …}: the budgets of staff, see admin_budgets.py.
    With `step=ask` the POST only asks whether to do it.
    """
    try:
        users.require_user(user_id)
    except UnknownUser as error:
        raise Http404 from error
    allowed = _allowed(request)
    context |= {"subject_id": user_id, "account": _account(request, user_id)}
    context["subject"] = context["account"].get("name") or user_id
    context["zone"] = timezone.get_default_timezone_name()
    context["title"] = _("Tokens of user %(user)s") % {"user": context["subject"]}
    is_of_budgets = request.method == "POST" and request.POST.get("action") == admin_budgets.ACTION
    if is_of_budgets and admin_budgets.save_budgets(request, user_id):
        return HttpResponseRedirect(request.path)
    form = CorrectionForm(
        None if is_of_budgets else request.POST or None, initial={"key": secrets.token_hex(16)}, may=allowed
    )
    if request.method == "POST" and not is_of_budgets:
        if not allowed(CorrectionForm.PERMISSIONS.get(request.POST.get("action", ""), "usertokens.manage_tokens")):
            raise PermissionDenied
        is_question = request.POST.get("step") == "ask"
        if is_question and (form.is_valid() or set(form.errors) <= {"reason"}):
            return _ask(request, user_id, form, context)
        if form.is_valid() and carry_out(request, user_id, form):
            return HttpResponseRedirect(request.path)
    context |= {"form": form, "may_act": bool(form.fields["action"].choices)}  # type: ignore[attr-defined] # of a field with choices
    context |= {"may_reset": allowed("usertokens.manage_tokens"), "may_release": allowed("usertokens.act_for_any")}
    context |= _ledger(request, user_id)
    context["budget_form"] = admin_budgets.budgets_form(request, getattr(context.get("page"), "budgets", None))
    context["sections"] = _sections(request, user_id)
    object_log = LogEntry.objects.filter(content_type=content_type(), object_id=user_id)
    context["log"] = object_log.select_related("user")[:20]
    response = TemplateResponse(request, "usertokens/admin/user.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _ask(request: HttpRequest, user_id: str, form: CorrectionForm, context: dict[str, Any]) -> HttpResponse:
    """The page that says what will be done, and asks for what is missing."""
    tokens: Tokens | None = None
    try:
        tokens = balances.get_balance(user_id).tokens
    except (StoreUnavailable, AccountClosed):
        context["store_away"] = True
    context |= {
        "form": form,
        "tokens": tokens,
        "sentence": describe(form),
        "is_reset": form.data["action"] == form.RESET,
    }
    context["title"] = _("Are you sure?")
    return TemplateResponse(request, "usertokens/admin/confirm.html", context)


def _ledger(request: HttpRequest, user_id: str) -> dict[str, Any]:
    try:
        return {
            "page": dashboards.read_dashboard(user_id),
            "grants": balances.get_balance(user_id).grants,
            "holds": holds.list_holds(user_id),
            "journal": journal.list_transactions(user_id, limit=PAGE, before=entry_before(request)),
        }
    except StoreUnavailable:
        return {"store_away": True}
    except AccountClosed:
        return {"closed": True}


def _account(request: HttpRequest, user_id: str) -> dict[str, Any]:
    """What the page says of the account; nothing for the demo account.

    Its address, and a link to its own page, are for those who may see accounts.
    """
    try:
        user: Any = users.find_user(user_id)
    except UnknownUser:
        return {}
    options = get_user_model()._meta  # noqa: SLF001 (Django documents it)
    is_shown = may_view_accounts(request.user)
    link = admin_link(f"{options.app_label}.{options.model_name}_change", user.pk) if is_shown else ""
    email = getattr(user, get_user_model().get_email_field_name(), "") if is_shown else ""
    return {"user": user, "name": user.get_username(), "email": email, "link": link}


def _sections(request: HttpRequest, user_id: str) -> list[SafeString]:
    return [render_to_string(template, parts, request) for template, parts in read_sections(request.user, user_id)]


def _allowed(request: HttpRequest) -> Callable[[str], bool]:
    return lambda permission: may(request.user, permission)
