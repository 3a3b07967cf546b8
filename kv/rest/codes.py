"""What an operation may be refused with: each code once, with its status, for the API's description.

A view names its own codes in `codes`. Those that follow from what a view is (it takes a body, it knows its caller) are
found by `kv.rest.schema`. `tests/config/test_declared_codes.py` provokes each one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Code:
    """A refusal. when: a sentence. fields: JSON schemas of what it carries beside `detail` and `code`."""

    status: int
    name: str
    when: str
    fields: dict[str, dict[str, Any]] = field(default_factory=dict, hash=False, compare=False)


_BY_FIELD = {
    "errors": {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
        "description": "Sentences by field; `body` for what belongs to no field.",
    }
}

INVALID_INPUT = Code(400, "invalid_input", "A field is missing, not as described, or not known here.", _BY_FIELD)
MALFORMED_JSON = Code(400, "malformed_json", "The body is not JSON.", _BY_FIELD)
PARSE_ERROR = Code(400, "parse_error", "The body is not a form.", _BY_FIELD)
NOT_AUTHENTICATED = Code(401, "not_authenticated", "Nobody is logged in.")
AUTHENTICATION_FAILED = Code(401, "authentication_failed", "The token is wrong, has expired or was revoked.")
PERMISSION_DENIED = Code(403, "permission_denied", "You have no permission, or the CSRF token is missing.")
NOT_FOUND = Code(404, "not_found", "There is no such thing.")
TOO_LARGE = Code(413, "too_large", "The body is too large.")
UNSUPPORTED_MEDIA_TYPE = Code(415, "unsupported_media_type", "The body's type is not taken here.")
RATE_LIMITED = Code(429, "rate_limited", "Too many requests.")
STORE_UNAVAILABLE = Code(503, "store_unavailable", "The store of counts is away; nothing was acknowledged.")
DATABASE_UNAVAILABLE = Code(503, "database_unavailable", "The database is away; nothing was acknowledged.")

#: What a project answers itself, before any view: with every operation, and with each that takes a body.
always: list[Code] = []
with_body: list[Code] = []


def by_field(status: int, name: str, when: str, **fields: dict[str, Any]) -> Code:
    """A code of status 400, whose answers have `errors`. fields: JSON schemas of what else they have."""
    return Code(status, name, when, {**_BY_FIELD, **fields})
