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
from kv.web.caching import compressed_as_asked
from kv.web.fragments import go_to, is_part
from kv.web.links import app_url
from kv.web.spreadsheets import csv_download
from kv.web.unavailable import refuse_while_away
from usertokens.errors import AccountClosed
from usertokens.forms import MoodForm
from usertokens.services import activity, balances, journal
from usertokens.services import history as transactions
from usertokens.services.vouchers import has_vouchers
from usertokens.templatetags.usertokens import entry_kind
from usertokens.views.history_filter import HistoryFilter
from usertokens.views.overview import dashboard_context, dashboard_links, empty_context
from usertokens.views.paging import entry_before

PAGE = 25


@login_required
@never_cache
@require_safe
@compressed_as_asked(dashboard_links)
def dashboard(request: HttpRequest) -> HttpResponse:
    """The dashboard. For htmx, only the part that changes."""
    if not is_part(request):
        return render(request, "usertokens/dashboard.html", _dashboard(request) | _redeeming())
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
    """The journal, page by page; `?kind=` and `?month=` show a part of it, with its sums."""
    user_id, number, today = str(request.user.pk), entry_before(request), local_day()
    try:
        journal.list_transactions(user_id, limit=1)  # settles what is due; raises for a closed account
        wanted = HistoryFilter(request.GET, today, transactions.first_day(user_id))
        page = transactions.find_transactions(
            user_id, types=wanted.types, first=wanted.first, last=wanted.last, limit=PAGE, before=number
        )
    except StoreUnavailable:
        return render(request, "usertokens/history.html", {"away": True})
    except AccountClosed:
        return render(request, "usertokens/history.html", {"closed": True})
    return render(request, "usertokens/history.html", {"page": page, "is_first": number is None, "filter": wanted})


@login_required
@never_cache
@require_safe
@refuse_while_away
def history_csv(request: HttpRequest) -> HttpResponseRedirect | StreamingHttpResponse:
    """The journal as a file: all of it, or what `?kind=` and `?month=` leave."""
    # Read an entry before the response begins: when the store can't be reached, the answer is 503, not half a file.
    try:
        journal.list_transactions(str(request.user.pk), limit=1)
    except AccountClosed:
        return HttpResponseRedirect(app_url("usertokens:history"))
    name = pgettext("name of a file", "tokens")
    wanted = HistoryFilter(request.GET, local_day())
    return csv_download(f"{name}-{local_day().isoformat()}.csv", _journal_rows(str(request.user.pk), wanted))


def _journal_rows(user_id: str, wanted: HistoryFilter) -> Iterator[Sequence[object]]:
    yield "id", "at", "type", "amount", "balance_after", "reason"
    for entry in transactions.iterate_found(user_id, types=wanted.types, first=wanted.first, last=wanted.last):
        kind = str(entry_kind(entry.type))
        yield entry.id, entry.at.isoformat(), kind, entry.amount, entry.balance_after, entry.reason


def _live(request: HttpRequest) -> HttpResponse:
    """The part that changes; 503 while the store can't be reached, so that htmx leaves the page as it is."""
    context = _dashboard(request)
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
    context = _dashboard(request) | _redeeming() | {"mood_errors": form.errors.values()}
    return render(request, "usertokens/dashboard.html", context, status=400)


def _sentence(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def _redeeming() -> dict[str, Any]:
    """Whether the page has a form for codes: where any can be redeemed."""
    return {"can_redeem": has_vouchers()}


def _dashboard(request: HttpRequest) -> dict[str, Any]:
    """The context of the dashboard, also while the store can't be reached and of a closed account."""
    user_id = str(request.user.pk)
    shared = empty_context(user_id)
    try:
        return shared | dashboard_context(user_id, request.GET)
    except StoreUnavailable:
        return shared | {"away": True}
    except AccountClosed:
        return shared | {"closed": True}
