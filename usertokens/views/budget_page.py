"""The page on which users set their own budgets."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kv.errors import StoreUnavailable
from kv.web.links import app_url
from kv.web.rate_limits import RateLimited
from kv.web.throttling import check_identity
from kv.web.unavailable import refuse_while_away
from usertokens.conf import BUDGET_LIMIT
from usertokens.errors import AccountClosed
from usertokens.forms import BudgetForm
from usertokens.services import budgets
from usertokens.types import Budgets


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@refuse_while_away
def budget(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST {day, month, actions.<action>.day, …}: all of the user's own; an empty one is none.

    While the store is away GET says so, without the form: an empty one would remove the budgets.
    """
    user_id = str(request.user.pk)
    try:
        found = budgets.get_budget(user_id)
        form = BudgetForm(found.own, request.POST if request.method == "POST" else None)
        if form.is_valid():
            check_identity(BUDGET_LIMIT, user_id)
            budgets.set_budget(user_id, **form.caps())
            messages.success(request, _("Your budget is saved."), fail_silently=True)
            return HttpResponseRedirect(app_url("usertokens:dashboard"))
    except StoreUnavailable:
        if request.method == "POST":
            raise
        return render(request, "usertokens/budget.html", {"away": True})
    except AccountClosed:
        return HttpResponseRedirect(app_url("usertokens:dashboard"))  # which shows it
    except RateLimited as error:
        form.add_error(None, _("Too many attempts in a short time. Wait a little."))
        response = _page(request, form, found, 429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    return _page(request, form, found, 400 if form.is_bound else 200)


def _page(request: HttpRequest, form: BudgetForm, found: Budgets, status: int) -> HttpResponse:
    context = {"form": form, "budgets": found, "has_staff": any(one.by_staff for one in found.in_force)}
    return render(request, "usertokens/budget.html", context, status=status)
