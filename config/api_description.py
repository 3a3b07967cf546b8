"""What the description of the API says about the site as a whole. Imported by the settings."""

from __future__ import annotations

from typing import Any

from kv.process.version import package_version

# CommonMark, for people. docs/api.md says the same at length.
_INTRODUCTION = """\
Counts and balances of one site: visitors, payment codes, campaign codes, tokens and plans. JSON in and out, UTF-8, no
trailing slash.

## Who calls

Public calls need nothing. For all others send the token of a service, `Authorization: Token …` (`manage.py
service_token NAME --perm APP.CODENAME` prints one), or the cookie of a session. Each write of a session also sends
`X-CSRFToken`, which `GET /api/csrf` gives. A *permitted* call needs the Django permission that it names.

## Repeat without doing twice

Every write of tokens takes an `Idempotency-Key`, 1 to 64 printable characters of your choice. For seven days the same
key with the same body gets the first answer again. With another body it gets 409 `idempotency_conflict`, and nothing
happens.

## Errors

Each has `detail`, a sentence for a person, and `code`, a name for a program. Wrong input (400) adds `errors`, which
names each field. 402 is too few tokens, 403 a missing permission, 409 a conflict. After 503 nothing was done: try
again in `Retry-After` seconds, with the same key.

## Limits

A body has at most 64 KiB, a list 1 to 100 entries a page: pass `next` back as `before`. Calls are limited by caller.
429 says when to try again in `Retry-After`; `RateLimit` and `RateLimit-Policy` say how much is left.
"""


def spectacular_settings(*, site_url: str) -> dict[str, Any]:
    """SPECTACULAR_SETTINGS. site_url: where the API is."""
    return {
        "TITLE": "Countinghouse",
        "DESCRIPTION": _INTRODUCTION,
        "VERSION": package_version(),
        "LICENSE": {"name": "MIT", "url": "https://spdx.org/licenses/MIT.html"},
        "SERVERS": [{"url": site_url.rstrip("/"), "description": "This site."}],
        "TAGS": [
            {"name": "stats", "description": "Public numbers: visitors, payment codes, uses of tools."},
            {"name": "codetags", "description": "Campaign codes in links, and their counts."},
            {"name": "usertokens", "description": "What users do, and the tokens that they have and spend."},
            {"name": "billing", "description": "Plans and top-ups, paid with Stripe."},
            {"name": "session", "description": "What the writes of a session need."},
        ],
        "SERVE_INCLUDE_SCHEMA": False,
        "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
        "SERVE_AUTHENTICATION": [],
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        "COMPONENT_SPLIT_REQUEST": True,
        "SCHEMA_PATH_PREFIX": "/api",
    }
