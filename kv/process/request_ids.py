"""The id of the request that is being served, or of a duty's run: in every line of the log, and in the response."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

#: The header that brings an id, and the response's.
HEADER = "X-Request-ID"
#: Where an accepted id is kept in a WSGI environment or in `request.META`.
KEPT = "kv.request_id"

# UUIDs, ULIDs, hex, base64url and names with dots; nothing that could end a line of the log or a header.
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,128}")
# Some proxies build ids from addresses, and no log may hold one.
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")

_current: ContextVar[str] = ContextVar("kv_request_id", default="")


def current_id() -> str:
    """The id in this thread or task; "" outside of requests and duties."""
    return _current.get()


def new_id() -> str:
    """A random id, 32 hexadecimal digits."""
    return f"{_generator().getrandbits(128):032x}"


@lru_cache(maxsize=1)
def _generator() -> random.Random:
    """The system is not asked for each id, as they keep nobody out. Not the common generator, which others may seed.

    Made at the first id: a server that forks without Python's own hooks does so before.
    """
    return random.Random()  # noqa: S311 (as said)


os.register_at_fork(after_in_child=_generator.cache_clear)


def accept_id(text: str | None) -> str:
    """The id that a request brings, or a new one when there is none or it can't be taken as it is."""
    if text and _ACCEPTED.fullmatch(text) and not _ADDRESS.search(text):
        return text
    return new_id()


def id_of(meta: dict[str, Any]) -> str:
    """The id of a request, from its WSGI environment or `request.META`, where it is kept. The same at each call."""
    known: str | None = meta.get(KEPT)
    if known is None:
        known = meta[KEPT] = accept_id(meta.get("HTTP_X_REQUEST_ID"))
    return known


def begin(request_id: str) -> None:
    """From here on this thread or task serves the request with this id."""
    _current.set(request_id)


def forget(**_: object) -> None:
    """This thread serves no request any more. A receiver of Django's `request_finished`."""
    _current.set("")


@contextmanager
def run_with_id() -> Iterator[str]:
    """Give what runs inside an id, unless it has one already."""
    if known := _current.get():
        yield known
        return
    token = _current.set(new_id())
    try:
        yield _current.get()
    finally:
        _current.reset(token)
