"""Who calls, whether they may act for another user, and whether that one is there: asked in one query.

A view that needs all three asks the first of its authentication classes, before Django REST framework does anything:

    class ServiceTokens(TokenAuthentication):
        def find_caller(self, meta, permission, other): ...

A class without that method, and whatever it does not know for sure, is left to the framework, which asks step by step
and makes the refusals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Caller(NamedTuple):
    """An active account that has just shown valid credentials.

    id: its key as text. may: whether it holds the permission. has_other: whether the other user is there.
    """

    id: str
    may: bool
    has_other: bool


def find_caller(classes: Any, meta: Mapping[str, Any], permission: str, other: str | None) -> Caller | None:
    """Who calls, as the first of a view's authentication classes says; None where it can't say all at once.

    meta: the request's WSGI environment or `request.META`. permission: `app.codename` by the app's package.
    other: the id of another user, None for none.
    Must not remember anything beyond this call (shown by tests/config/test_revocations.py). Raises DatabaseError.
    """
    ask = getattr(classes[0], "find_caller", None) if classes else None
    found: Caller | None = ask(classes[0](), meta, permission, other) if ask else None
    return found
