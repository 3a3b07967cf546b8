"""The usual calls, answered in the fast lane as `stats.views.api` answers them. None: it is not a usual one."""

from __future__ import annotations

import re
from dataclasses import asdict

from kv.web.fast_lane.calls import Answer, Call
from kv.web.origins import is_cross_site
from kv.web.throttling import caller_in, check_identity
from stats.conf import PAYMENT_CODE_LIMIT, TRACK_LIMIT, app_settings
from stats.errors import BadReceipt
from stats.services import usage
from stats.services.receipts import read_receipt
from stats.views import answers

# A body that the page's scripts send is shorter.
_LONGEST_USE = 256
_LONGEST_RECEIPT = 640
# Such a name of a tool, a text field leaves as it is.
_PLAIN = re.compile(r"[\w.-]{1,64}", re.ASCII)
_ID = re.compile(r"[\x20-\x7e]{1,64}")
_RECEIPT = re.compile(r"[\w:=.-]{1,512}", re.ASCII)


def figures(call: Call) -> Answer | None:
    """GET /api/stats."""
    if call.query or call.length not in {"", "0"}:
        return None
    headers, body = answers.figures()
    return Answer(200, {**headers, "Content-Type": "application/json"}, body)


def visit(call: Call) -> Answer | None:
    """POST /api/stats/visit, without a body or with `{}`, which is not read."""
    if call.query or call.length not in {"", "0", "2"}:
        return None
    return call.respond(answers.visit(call.environ, host=call.host, is_staff=call.is_staff()))


def use(call: Call) -> Answer | None:
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
    check_identity(TRACK_LIMIT, caller_in(call.environ))
    return call.respond(asdict(usage.record_usage(tool=tool, id=use_id)))


def receipt(call: Call) -> Answer | None:
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
    check_identity(PAYMENT_CODE_LIMIT, caller_in(call.environ))
    counted = answers.count_payment_code(read.id, read.amount_cents)
    return call.respond(asdict(counted), 201 if counted.counted else 200)
