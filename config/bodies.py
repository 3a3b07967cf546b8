"""Bodies as Django can take them: whole, with a length and a content type that it understands.

`config.rsgi` has read them already when the site serves itself. Here stands what holds under every WSGI server.
"""

from __future__ import annotations

import io
import json
from typing import Any

from django.utils.http import parse_header_parameters

# What no parser here reads: the API answers 415, a form finds itself empty.
_UNREADABLE = "application/octet-stream"
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
#: One byte more than the largest body any address takes, so that one that is too long is seen to be.
MAX_KEPT = 1024 * 1024 + 1
#: So much of a body that is too long is read and thrown away: many clients read no answer before they have sent it all.
MAX_READ = 8 * 1024 * 1024
_PIECE = 64 * 1024
_DIGITS = 15


class BodyRefused(Exception):
    """A body that is not taken; nothing was done. Its attributes are what the answer says."""

    status_code = 400
    default_code = "incomplete_body"
    default_detail = "The body did not arrive whole, so nothing was done. Send the request again."


class IncompleteBody(BodyRefused):
    """Less came than was declared, or chunks that broke off or were malformed (RFC 9112 section 8)."""


class UnknownTransferCoding(BodyRefused):
    """A Transfer-Encoding other than chunked."""

    default_code = "unknown_transfer_coding"
    default_detail = "Transfer-Encoding may be chunked and nothing else."


class LengthRequired(BodyRefused):
    """A chunked body under a server that does not tell one that broke off from one that ended."""

    status_code = 411
    default_code = "length_required"
    default_detail = "Send the body with a Content-Length."


class BodyTooSlow(BodyRefused):
    """The body did not arrive in time."""

    status_code = 408
    default_code = "body_timeout"
    default_detail = "The body took too long to arrive, so nothing was done. Send the request again."


class TooManyBodies(BodyRefused):
    """Too much is on its way already."""

    status_code = 503
    default_code = "busy"
    default_detail = "Too many requests are still on their way here. Try again in a moment."


def refusal(error: BodyRefused) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of the answer, for people and programs alike: it is said before Django knows which."""
    said: dict[str, Any] = {"detail": error.default_detail, "code": error.default_code}
    if error.status_code == 400:  # noqa: PLR2004 (the one status that has errors by field)
        said["errors"] = {"body": [error.default_detail]}
    body = json.dumps(said).encode()
    headers = [
        ("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]  # fmt: skip
    if error.status_code == 503:  # noqa: PLR2004
        headers.append(("Retry-After", "1"))
    return error.status_code, headers, body


def normalize_body(environ: dict[str, Any]) -> None:
    """Give the request a content type, a length and a body that Django understands. Raises BodyRefused.

    Django takes every codec of Python's for a text encoding, `hex` and `zip` too, and fails on them while it makes the
    request; a parameter that is none ends it likewise. All text here is UTF-8, so nothing else can be read.
    A chunked body has no length, and Django takes that for no body (PEP 3333 knows no other way).
    Of one that is longer than any body here only the beginning is kept, and what says that it is longer still is left
    where it is: both are refused by whoever looks at the length.
    """
    content_type = environ.get("CONTENT_TYPE")
    if content_type and ";" in content_type and not _is_readable(content_type):
        environ["CONTENT_TYPE"] = _UNREADABLE
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise LengthRequired
    if not environ.get("CONTENT_LENGTH"):
        return
    length = body_length(environ)
    environ["CONTENT_LENGTH"] = str(length)
    source = environ["wsgi.input"]
    if 0 < length <= MAX_READ and not isinstance(source, io.BytesIO):
        environ["wsgi.input"] = io.BytesIO(_read(source, length))


def _read(source: Any, length: int) -> bytes:
    body: bytes = source.read(min(length, MAX_KEPT))
    received = len(body)
    while received < length and (piece := source.read(min(length - received, _PIECE))):
        if received < MAX_KEPT:
            body += piece[: MAX_KEPT - received]
        received += len(piece)
    if received < length:
        raise IncompleteBody
    return body


def body_length(environ: dict[str, Any]) -> int:
    """How many bytes the request says that its body has: 0 where it says none, or no number; 10^15 - 1 at most.

    Zeros may lead, and Python would read 4300 digits.
    """
    said = (environ.get("CONTENT_LENGTH") or "").lstrip("0")
    if not (said.isascii() and said.isdecimal()):
        return 0
    return int(said) if len(said) <= _DIGITS else 10**_DIGITS - 1


def _is_readable(content_type: str) -> bool:
    lowered = content_type.lower()
    if "*" not in lowered and "charset" not in lowered:
        return True
    try:
        _, words = parse_header_parameters(content_type)
    except (ValueError, TypeError, LookupError):
        return False
    return words.get("charset", "utf-8").lower() in _CHARSETS
