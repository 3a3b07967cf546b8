"""The usual calls, answered in the fast lane as `stats.views.api` answers them. None: it is not a usual one."""

from __future__ import annotations

import re

from kv.store.steps import Steps
from kv.web.lane.calls import Answer, Call
from kv.web.origins import is_cross_site
from kv.web.throttling import caller_in
from stats.conf import app_settings
from stats.errors import BadReceipt
from stats.services import figures as totals
from stats.services import usage
from stats.services.history import DEFAULT_DAYS, LONGEST_DAYS, fresh_history, kept_history
from stats.services.payment_code_counts import is_over_limit, record_payment_code_steps
from stats.services.receipts import read_receipt
from stats.views import answers

# A body that the page's scripts send is shorter.
_LONGEST_USE = 256
_LONGEST_RECEIPT = 640
# Such a name of a tool, a text field leaves as it is.
_PLAIN = re.compile(r"[\w.-]{1,64}", re.ASCII)
_ID = re.compile(r"[\x20-\x7e]{1,64}")
# An Accept that has JSON first, as scripts, axios and curl send it.
_JSON_TOO = frozenset({"", "*/*", "application/json", "application/json, text/plain, */*"})
_DAYS = re.compile(r"(?:days=([1-9][0-9]{0,2}))?", re.ASCII)
_RECEIPT = re.compile(r"[\w:=.-]{1,512}", re.ASCII)


def figures(call: Call) -> Steps[Answer | None]:
    """GET /api/stats."""
    if call.query or call.length not in {"", "0"}:
        return None
    yield from ()  # what is read, is read by this thread
    known = totals.fresh_figures() if call.may_wait else totals.kept_figures()
    if known is None:
        return None
    headers, body = answers.figures(*known)
    return Answer(200, {**headers, "Content-Type": "application/json"}, body)


def history(call: Call) -> Steps[Answer | None]:
    """GET /api/stats/history as JSON, without a query or with the days alone."""
    asked = _DAYS.fullmatch(call.query)
    if asked is None or call.length not in {"", "0"} or call.environ.get("HTTP_ACCEPT", "*/*") not in _JSON_TOO:
        return None
    days = int(asked[1] or DEFAULT_DAYS)
    if not app_settings.STATS_PUBLIC_HISTORY or days > LONGEST_DAYS:
        return None
    yield from ()  # what is read, is read by this thread
    known = fresh_history(days) if call.may_wait else kept_history(days)
    if known is None:
        return None
    headers, body = answers.history(*known)
    return Answer(200, {**headers, "Allow": call.route.allowed}, body)


def visit(call: Call) -> Steps[Answer | None]:
    """POST /api/stats/visit, without a body or with `{}`, which is not read."""
    if call.query or call.length not in {"", "0", "2"}:
        return None
    answer = yield from answers.visit(call.environ, host=call.host, is_staff=call.is_staff())
    return call.respond(answer)


def use(call: Call) -> Steps[Answer | None]:
    """POST /api/track-usage with a tool of the list, and perhaps an id."""
    if call.query or (call.is_beacon and is_cross_site(call.environ, host=call.host)):
        return None
    data = call.json_body(_LONGEST_USE)
    if not data or not {"tool"} <= data.keys() <= {"tool", "id"}:
        return None
    tool, use_id = data["tool"], data.get("id")
    if not isinstance(tool, str) or tool not in app_settings.STATS_TOOLS or not _PLAIN.fullmatch(tool):
        return None
    if "id" in data and not (isinstance(use_id, str) and _ID.fullmatch(use_id)):
        return None
    used = yield from usage.record_usage_steps(tool, use_id, caller=caller_in(call.environ))
    return call.respond(used)


def receipt(call: Call) -> Steps[Answer | None]:
    """POST /api/stats/qr with a receipt that is valid."""
    data = None if call.query else call.json_body(_LONGEST_RECEIPT)
    if not data or data.keys() != {"receipt"}:
        return None
    text = data["receipt"]
    if not (isinstance(text, str) and _RECEIPT.fullmatch(text)):
        return None
    try:
        read = read_receipt(text)
    except BadReceipt:
        return None
    if is_over_limit(read.amount_cents):
        return None
    with answers.refusals():
        counted = yield from record_payment_code_steps(read.id, read.amount_cents, caller=caller_in(call.environ))
    return call.respond(counted, 201 if counted.counted else 200)
