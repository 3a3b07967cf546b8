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
# Beyond it a body is heard out so far and thrown away: many clients read no answer before they have sent all of theirs.
_HEARD_OUT = 8 * 1024 * 1024
_PIECE = 64 * 1024
_DIGITS = 15
#: Requests that one web process serves at once. A body that comes a byte at a time holds one for as long as it likes.
THREADS = 4
# Who has found all readers taken for so long has found slow senders; until one of them is done, nobody waits again.
_READER_SECONDS = 0.25


class TooManySlowBodies(Exception):
    """All threads that may read bodies wait for senders. Nothing of this one's was read."""


def settle_body(environ: dict[str, Any]) -> None:
    """Give the request a content type, a length and a body that Django understands. Raises TooManySlowBodies.

    Django takes every codec of Python's for a text encoding, `hex` and `zip` too, and fails on them while it makes the
    request; a parameter that is none ends it likewise. All text here is UTF-8, so nothing else can be read.
    A chunked body has no length, and Django takes that for no body (PEP 3333 knows no other way).
    Of one that is longer than any body here only the beginning is kept, and what says that it is longer still is left
    where it is: both are refused.
    """
    content_type = environ.get("CONTENT_TYPE")
    if content_type and ";" in content_type and not _is_readable(content_type):
        environ["CONTENT_TYPE"] = _UNREADABLE
    if environ.get("CONTENT_LENGTH"):
        length = body_length(environ)
        environ["CONTENT_LENGTH"] = str(length)
        if 0 < length <= _HEARD_OUT:
            environ["wsgi.input"] = io.BytesIO(_readers.read(environ["wsgi.input"], length))
    elif "HTTP_TRANSFER_ENCODING" in environ:
        body = _readers.read(environ["wsgi.input"], _HEARD_OUT)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))


def body_length(environ: dict[str, Any]) -> int:
    """How many bytes the request says that its body has: 0 where it says none, or no number; 10^15 - 1 at most.

    Zeros may lead, and Python would read 4300 digits.
    """
    said = (environ.get("CONTENT_LENGTH") or "").lstrip("0")
    if not (said.isascii() and said.isdecimal()):
        return 0
    return int(said) if len(said) <= _DIGITS else 10**_DIGITS - 1


class Readers:
    """So many threads may read bodies at once."""

    def __init__(self, count: int) -> None:
        self._free = BoundedSemaphore(count)
        self._stuck = False

    def read(self, source: Any, length: int) -> bytes:
        """So many bytes, or what there are, or `_LONGEST` of them. Raises TooManySlowBodies."""
        if not self._free.acquire(timeout=0 if self._stuck else _READER_SECONDS):
            self._stuck = True
            raise TooManySlowBodies
        try:
            body: bytes = source.read(min(length, _LONGEST))
            if len(body) == _LONGEST:
                _throw_away(source, length - _LONGEST)
        finally:
            self._stuck = False
            self._free.release()
        return body


# One thread is left to whoever comes without a body.
_readers = Readers(THREADS - 1)


def _throw_away(source: Any, length: int) -> None:
    while length > 0 and (piece := source.read(min(length, _PIECE))):
        length -= len(piece)


def _is_readable(content_type: str) -> bool:
    lowered = content_type.lower()
    if "*" not in lowered and "charset" not in lowered:
        return True
    try:
        _, words = parse_header_parameters(content_type)
    except (ValueError, TypeError, LookupError):
        return False
    return words.get("charset", "utf-8").lower() in _CHARSETS
