"""A user's own pages: the dashboard, its parts, and the history of tokens. Never cached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from kv.days import local_day
from kv.errors import StoreUnavailable
from kv.times import utc_now
from kv.web.charts import bar_chart
from kv.web.fragments import go_to, is_part
from kv.web.links import app_url
from kv.web.spreadsheets import csv_download
from kv.web.unavailable import refuse_while_away
from usertokens.errors import AccountClosed
from usertokens.forms import MoodForm
from usertokens.services import activity, balances, dashboards, journal
from usertokens.templatetags.usertokens import entry_kind
from usertokens.views.activity_calendar import calendar_cells
from usertokens.views.paging import entry_before

PAGE = 25


@login_required
@never_cache
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The dashboard. For htmx, only the part that changes."""
    if not is_part(request):
        return render(request, "usertokens/dashboard.html", _dashboard(str(request.user.pk)))
    if _is_of_other_user(request):
        return go_to(app_url("usertokens:dashboard"))
    return _live(request)


@login_required
@never_cache
@require_POST
@refuse_while_away
def mood(request: HttpRequest) -> HttpResponse:
    """Save the mood and show the dashboard. Errors for htmx are one sentence of plain text: 400, 409."""
    if is_part(request) and _is_of_other_user(request):
        return go_to(app_url("usertokens:dashboard"))
    form = MoodForm(request.POST)
    if not form.is_valid():
        return _refused_mood(request, form)
    try:
        activity.set_mood(str(request.user.pk), form.cleaned_data["score"])
    except AccountClosed:
        if is_part(request):
            return _sentence(409, _("This account was closed."))
        return HttpResponseRedirect(app_url("usertokens:dashboard"))  # which shows it
    if is_part(request):
        return _live(request)
    messages.success(request, _("Your mood is saved."), fail_silently=True)
    return HttpResponseRedirect(app_url("usertokens:dashboard"))


@login_required
@never_cache
@require_POST
@refuse_while_away
def dismiss_note(request: HttpRequest) -> HttpResponse:
    """Dismiss the note about a low balance."""
    balances.dismiss_low_balance(str(request.user.pk))
    return HttpResponseRedirect(app_url("usertokens:dashboard"))


@login_required
@never_cache
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """The journal, page by page."""
    number = entry_before(request)
    try:
        page = journal.list_transactions(str(request.user.pk), limit=PAGE, before=number)
    except StoreUnavailable:
        return render(request, "usertokens/history.html", {"away": True})
    except AccountClosed:
        return render(request, "usertokens/history.html", {"closed": True})
    return render(request, "usertokens/history.html", {"page": page, "is_first": number is None})


@login_required
@never_cache
@require_safe
@refuse_while_away
def history_csv(request: HttpRequest) -> HttpResponseRedirect | StreamingHttpResponse:
    """The whole journal as a file."""
    # Read an entry before the response begins: when the store can't be reached, the answer is 503, not half a file.
    try:
        journal.list_transactions(str(request.user.pk), limit=1)
    except AccountClosed:
        return HttpResponseRedirect(app_url("usertokens:history"))
    name = pgettext("name of a file", "tokens")
    return csv_download(f"{name}-{local_day().isoformat()}.csv", _journal_rows(str(request.user.pk)))


def _journal_rows(user_id: str) -> Iterator[Sequence[object]]:
    yield "id", "at", "type", "amount", "balance_after", "reason"
    for entry in journal.iterate_transactions(user_id):
        kind = str(entry_kind(entry.type))
        yield entry.id, entry.at.isoformat(), kind, entry.amount, entry.balance_after, entry.reason


def _live(request: HttpRequest) -> HttpResponse:
    """The part that changes; 503 while the store can't be reached, so that htmx leaves the page as it is."""
    context = _dashboard(str(request.user.pk))
    response = render(request, "usertokens/live.html", context, status=503 if "away" in context else 200)
    if "away" in context:
        response.headers["Retry-After"] = "1"
    return response


def _is_of_other_user(request: HttpRequest) -> bool:
    """Whether the page was rendered for another user: the log-in changed in another tab."""
    return request.headers.get("X-Page-User", str(request.user.pk)) != str(request.user.pk)


def _refused_mood(request: HttpRequest, form: MoodForm) -> HttpResponse:
    if is_part(request):
        return _sentence(400, " ".join(str(error) for errors in form.errors.values() for error in errors))
    context = _dashboard(str(request.user.pk)) | {"mood_errors": form.errors.values()}
    return render(request, "usertokens/dashboard.html", context, status=400)


def _sentence(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def _dashboard(user_id: str) -> dict[str, Any]:
    # `page_user` is no `{{ user.pk }}`: a project may group digits, or have no context processor for the user.
    shared = {"page_user": user_id, "mood_form": MoodForm(), "read_at": utc_now()}
    try:
        page = dashboards.read_dashboard(user_id)
        grants = balances.get_balance(user_id).grants
        days = journal.list_daily_balances(user_id)
        newest = journal.list_transactions(user_id, limit=5).results
    except StoreUnavailable:
        return shared | {"away": True}
    except AccountClosed:
        return shared | {"closed": True}
    today = local_day()
    return shared | {
        "page": page,
        "grants": grants,
        "days": [day for day in reversed(days) if day.balance is not None],
        "chart": bar_chart([(day.day, day.balance) for day in days], height=120),
        "cells": calendar_cells(page.stats.last_84_days, page.stats.last_login or today, today),
        "newest": newest,
        "mood_form": MoodForm(initial={"score": page.stats.mood_score}),
    }
