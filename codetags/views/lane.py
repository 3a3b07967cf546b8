"""The usual hits, answered in the fast lane as `codetags.views.api` answers them. None: it is not a usual one."""

from __future__ import annotations

import re
from functools import partial

from codetags.services import codes
from codetags.services.cookies import COUNTED_COOKIE
from codetags.views import answers
from kv.store.steps import Steps
from kv.web.lane.calls import Answer, Call, cookie_header

# As landing.js writes it. The characters mean the same whether they are decoded or not.
_QUERY = re.compile(
    r"code=([0-9A-Za-z]{1,32})(?:&id=([0-9A-Za-z._-]{1,64}))?"
    r"(?:&at=([0-9A-Za-z-]{1,32}))?(?:&referrer=([0-9A-Za-z._-]{1,255}))?"
)


def hit(call: Call, *, method: str) -> Steps[Answer | None]:
    """GET or POST /api/analytics/qr?code=…, without a body."""
    found = _QUERY.fullmatch(call.query)
    if found is None or call.length not in {"", "0"}:
        return None
    code = found[1].upper()
    if not codes.is_code(code):
        return None
    reason = answers.why_excluded(call.environ, method=method, is_staff=call.is_staff)
    cookie = call.cookie(COUNTED_COOKIE)
    landing = answers.Landing(found[2] or "", (found[3] or "").lower(), found[4] or "")
    counted = yield from answers.count(call.environ, code=code, landing=landing, cookie=cookie, reason=reason)
    headers, body = counted.content(call.environ)
    if counted.remembered:
        options = answers.cookie_options(is_secure=call.is_secure)
        headers["Set-Cookie"] = cookie_header(COUNTED_COOKIE, counted.remembered, options)
    return Answer(200, headers, body)


ANSWERS = {method: partial(hit, method=method) for method in ("GET", "POST")}
