"""Bodies that Django can't take as they are: it would fail on them before any view, and so before any error page."""

from __future__ import annotations

import io
from typing import Any

from django.utils.http import parse_header_parameters

# What no parser here reads: the API answers 415, a form finds itself empty.
_UNREADABLE = "application/octet-stream"
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
# One byte more than the largest body any address takes, so that one that is too long is seen to be.
_LONGEST_CHUNKED = 1024 * 1024 + 1


def settle_body(environ: dict[str, Any]) -> None:
    """Give the request a content type and a length that Django understands.

    Django takes every codec of Python's for a text encoding, `hex` and `zip` too, and fails on them while it makes the
    request; a parameter that is none ends it likewise. All text here is UTF-8, so nothing else can be read.
    A chunked body has no length, and Django takes that for no body (PEP 3333 knows no other way): it is read here.
    """
    content_type = environ.get("CONTENT_TYPE")
    if content_type and ";" in content_type and not _is_readable(content_type):
        environ["CONTENT_TYPE"] = _UNREADABLE
    if "HTTP_TRANSFER_ENCODING" in environ and "CONTENT_LENGTH" not in environ:
        body = environ["wsgi.input"].read(_LONGEST_CHUNKED)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))


def _is_readable(content_type: str) -> bool:
    lowered = content_type.lower()
    if "*" not in lowered and "charset" not in lowered:
        return True
    try:
        _, words = parse_header_parameters(content_type)
    except (ValueError, TypeError, LookupError):
        return False
    return words.get("charset", "utf-8").lower() in _CHARSETS
