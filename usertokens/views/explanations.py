"""The admin's page that explains a user's balance at a moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kv.errors import StoreUnavailable
from usertokens.errors import AccountClosed, JournalTooLong, MomentInFuture, NoLedgerYet, UnknownUser
from usertokens.services import users
from usertokens.services.explanation_texts import TERMS
from usertokens.services.explanations import explain_balance, read_at
from usertokens.templatetags.usertokens import grant_source, reason_name, signed, tokens
from usertokens.types.explanations import ExplainedGrant, Explanation, Terms

#: Entries that a page reads: 0.6 s of the processor.
MOST_ENTRIES = 50_000
#: Grants without tokens, and reasons, that a page shows.
MOST_SHOWN = 50
_LABELS = {
    "granted": gettext_lazy("Granted"),
    "given_back": gettext_lazy("Given back"),
    "restored": gettext_lazy("Restored"),
    "spent": gettext_lazy("Spent"),
    "held": gettext_lazy("On hold"),
    "expired": gettext_lazy("Expired"),
    "taken_back": gettext_lazy("Taken back"),
    "frozen": gettext_lazy("Frozen while a payment is disputed"),
    "corrected": gettext_lazy("Corrected by hand"),
    "reset": gettext_lazy("Reset to the first day"),
    "paid_debt": gettext_lazy("Paid debt"),
}


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant as the page shows it: its name, what else is known of its origin, and the values of the columns."""

    grant: ExplainedGrant
    name: str
    more: str
    values: Sequence[str]
    until: str


def explain_page(request: HttpRequest, user_id: str, context: dict[str, Any]) -> HttpResponse:
    """GET [?at=]: the balance at a moment, and what makes it up."""
    try:
        users.require_user(user_id)
    except UnknownUser as error:
        raise Http404 from error
    text = request.GET.get("at", "").strip()
    context |= {"subject": _name(user_id), "zone": timezone.get_default_timezone_name()}
    context["title"] = _("Balance of user %(user)s, explained") % {"user": context["subject"]}
    try:
        context |= _shown(explain_balance(user_id, at=_read(text), most=MOST_ENTRIES))
    except StoreUnavailable:
        context["store_away"] = True
    except (ValueError, AccountClosed, MomentInFuture, NoLedgerYet, JournalTooLong) as error:
        context["refusal"] = _refusal(error, user_id)
    context["at"] = context.get("written", text)
    response = TemplateResponse(request, "usertokens/admin/explain.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _name(user_id: str) -> str:
    try:
        return users.find_user(user_id).get_username()
    except UnknownUser:
        return user_id  # the demo account


def _read(text: str) -> datetime | None:
    return read_at(text) if text else None


def _refusal(error: Exception, user_id: str) -> str:
    if isinstance(error, MomentInFuture):
        return _("This moment has not come yet.")
    if isinstance(error, AccountClosed):
        return _("This account was closed.")
    if isinstance(error, JournalTooLong):
        text = _("The journal has %(count)s entries, too many for a page. Run: manage.py usertokens_explain %(user)s")
        return text % {"count": tokens(error.entries), "user": user_id}
    if isinstance(error, NoLedgerYet):
        if error.first_at:
            first = date_format(timezone.localtime(error.first_at), "DATETIME_FORMAT")
            return _("There were no tokens yet: the first entry is of %(date)s.") % {"date": first}
        return _("There are no tokens yet. They come with the first visit or call.")
    return _("Enter a date and a time, such as 2026-11-29 14:30.")


def _shown(found: Explanation) -> dict[str, Any]:
    over = [grant for grant in found.grants if not grant.left]
    listed = [*(grant for grant in found.grants if grant.left), *over[:MOST_SHOWN]]
    columns = [name for name, _came, _label in TERMS if any(getattr(grant.terms, name) for grant in listed)]
    terms = [*_terms(found.terms)]
    return {
        "found": found,
        "terms": [(_LABELS[name], signed(value)) for name, value in terms],
        "sum": " ".join(_operation(value, is_first=not place) for place, (_name, value) in enumerate(terms)),
        "columns": [_LABELS[name] for name in columns],
        "grants": [_row(grant, columns) for grant in listed],
        "more_grants": max(len(over) - MOST_SHOWN, 0),
        "spent_on": found.spent_on[:MOST_SHOWN],
        "before": found.entry.id + 1,
        "written": _written(found.at),
    }


def _written(moment: datetime) -> str:
    """The moment for a field of whole seconds, rounded up: its entries stay included."""
    whole = timezone.localtime(moment, timezone.get_default_timezone()) + timedelta(microseconds=999_999)
    return whole.strftime("%Y-%m-%dT%H:%M:%S")


def _terms(terms: Terms) -> Iterator[tuple[str, int]]:
    """The terms that are not 0, signed, in the order of the equation."""
    for name, came, _label in TERMS:
        value = getattr(terms, name)
        if value or name == "granted":
            yield name, value if came else -value


def _operation(value: int, *, is_first: bool) -> str:
    if is_first:
        return tokens(value)
    sign = "+" if value >= 0 else "\N{MINUS SIGN}"
    return f"{sign} {tokens(abs(value))}"


def _row(grant: ExplainedGrant, columns: Sequence[str]) -> GrantRow:
    entry = grant.entry
    name = grant_source(grant.source or (entry.type if entry else "")) or "–"
    reason = entry.reason if entry else ""
    more = [] if not reason or reason == grant.source else [reason_name(reason)]
    more += [entry.key] if entry and entry.key else []
    values = [tokens(value) if (value := getattr(grant.terms, column)) else "" for column in columns]
    return GrantRow(grant, name, " · ".join(more), values, _until(grant))


def _until(grant: ExplainedGrant) -> str:
    def written(moment: datetime) -> str:
        return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")

    if grant.expires_at:
        return written(grant.expires_at)
    if grant.ended_by:
        return _("%(date)s or before") % {"date": written(grant.ended_by)}
    return _("no end") if grant.never_expires else "–"
