"""Bodies as Django can take them, read before it begins: by a few threads at a time, so that some are always free."""

from __future__ import annotations

import io
from threading import BoundedSemaphore
from typing import Any

from django.utils.http import parse_header_parameters

# What no parser here reads: the API answers 415, a form finds itself empty.
_UNREADABLE = "application/octet-stream"
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
# One byte more than the largest body any address takes, so that one that is too long is seen to be.
_LONGEST = 1024 * 1024 + 1
#: Requests that one web process serves at once.
THREADS = 4
# A body that comes a byte at a time holds its thread for as long as the sender likes.
_READERS = BoundedSemaphore(THREADS - 1)
# A body that has come is read in microseconds: who finds all readers taken for so long finds them taken by slow ones.
_READER_SECONDS = 0.02


class TooManySlowBodies(Exception):
    """All threads that may read bodies wait for senders. Nothing of this one's was read."""


def settle_body(environ: dict[str, Any]) -> None:
    """Give the request a content type, a length and a body that Django understands. Raises TooManySlowBodies.

    Django takes every codec of Python's for a text encoding, `hex` and `zip` too, and fails on them while it makes the
    request; a parameter that is none ends it likewise. All text here is UTF-8, so nothing else can be read.
    A chunked body has no length, and Django takes that for no body (PEP 3333 knows no other way).
    What says that it is longer than any body here is left where it is: it is refused unread.
    """
    content_type = environ.get("CONTENT_TYPE")
    if content_type and ";" in content_type and not _is_readable(content_type):
        environ["CONTENT_TYPE"] = _UNREADABLE
    said = environ.get("CONTENT_LENGTH")
    if said:
        length = int(said[:15]) if said.isascii() and said.isdecimal() else 0
        if 0 < length <= _LONGEST:
            environ["wsgi.input"] = io.BytesIO(_read(environ["wsgi.input"], length))
    elif "HTTP_TRANSFER_ENCODING" in environ:
        body = _read(environ["wsgi.input"], _LONGEST)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))


def _read(source: Any, length: int) -> bytes:
    if not _READERS.acquire(timeout=_READER_SECONDS):
        raise TooManySlowBodies
    try:
        body: bytes = source.read(length)
    finally:
        _READERS.release()
    return body


def _is_readable(content_type: str) -> bool:
    lowered = content_type.lower()
    if "*" not in lowered and "charset" not in lowered:
        return True
    try:
        _, words = parse_header_parameters(content_type)
    except (ValueError, TypeError, LookupError):
        return False
    return words.get("charset", "utf-8").lower() in _CHARSETS
