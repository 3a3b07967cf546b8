"""Request bodies that Django can read: complete, with a length and a content type that it understands.

Under `manage.py serve`, `config.rsgi` has read the body before. This module works under every WSGI server.
"""

from __future__ import annotations

import io
import json
from time import perf_counter
from typing import Any

from django.utils.http import parse_header_parameters

from config.middleware.cors import cors_headers
from kv.monitoring.requests import note_request
from kv.process.request_ids import HEADER, id_of
from kv.web.tables import FORM_BYTES, MOST_BYTES

# A type that no parser here reads: the API answers 415, a form is empty.
_UNREADABLE = "application/octet-stream"
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
#: Bytes of a body that are kept: one more than the largest body that any view accepts, so that views see the excess.
MAX_KEPT = 1024 * 1024 + 1
#: Bytes of a body that are read; what is over MAX_KEPT is dropped. Many clients read no response before they have sent
#: the whole body. Of a body whose declared length is over MAX_READ nothing is read.
MAX_READ = 8 * 1024 * 1024
#: Ends of addresses that take files, and what is kept of their bodies: the file, and a form around it.
_TAKING_FILES = ("/api/code-tags/import", "/codetags/codetag/import/")
MAX_FILE = MOST_BYTES + FORM_BYTES
_PIECE = 64 * 1024
_DIGITS = 15
# Characters of a content type. Django refuses 10 000 while it creates the request, and has no response for it then.
_LONGEST_TYPE = 1000


class BodyRefused(Exception):
    """The body is refused and nothing was done. The attributes are the status, code and text of the response."""

    status_code = 400
    default_code = "incomplete_body"
    default_detail = "The body did not arrive whole, so nothing was done. Send the request again."


class IncompleteBody(BodyRefused):
    """The body is shorter than declared, or its chunks are malformed or end early (RFC 9112 section 8)."""


class UnknownTransferCoding(BodyRefused):
    """A Transfer-Encoding other than chunked."""

    default_code = "unknown_transfer_coding"
    default_detail = "Transfer-Encoding may be chunked and nothing else."


class LengthRequired(BodyRefused):
    """A chunked body under a server that does not say whether its last chunk arrived."""

    status_code = 411
    default_code = "length_required"
    default_detail = "Send the body with a Content-Length."


class BodyTooSlow(BodyRefused):
    """The body did not arrive in time."""

    status_code = 408
    default_code = "body_timeout"
    default_detail = "The body took too long to arrive, so nothing was done. Send the request again."


class TooManyBodies(BodyRefused):
    """Too many bodies are being read already."""

    status_code = 503
    default_code = "busy"
    default_detail = "Too many requests are still on their way here. Try again in a moment."


def refusal(error: BodyRefused, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of the response: JSON for every client, since Django has not seen the request yet.

    The request is counted and logged here, as `kv.monitoring.middleware` does with all others.
    """
    content: dict[str, Any] = {"detail": error.default_detail, "code": error.default_code}
    if error.status_code == 400:  # noqa: PLR2004 (the one status that has errors by field)
        content["errors"] = {"body": [error.default_detail]}
    body = json.dumps(content).encode()
    headers = [
        ("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"), (HEADER, id_of(environ)),
    ]  # fmt: skip
    if error.status_code == 503:  # noqa: PLR2004 (HTTP)
        headers.append(("Retry-After", "1"))
    headers += cors_headers(environ)
    note_request(environ, status=error.status_code, size=len(body), started=perf_counter())
    return error.status_code, headers, body


def normalize_body(environ: dict[str, Any]) -> None:
    """Give the request a content type, a length and a body that Django can read. Raises BodyRefused.

    Content type: Django accepts every codec of Python as a charset, even `hex` and `zip`, and fails on them while it
    creates the request; so it does on malformed parameters. Everything but UTF-8 and ASCII becomes unreadable here.
    Length: Django treats a chunked body, which has no length, as no body (so does PEP 3333).
    Body: of a long one the first bytes (`most_kept`) stay in `wsgi.input`. CONTENT_LENGTH stays as declared, and the
    view that looks at it refuses the request.
    """
    content_type = environ.get("CONTENT_TYPE")
    if content_type and not _is_readable(content_type):
        environ["CONTENT_TYPE"] = _UNREADABLE
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise LengthRequired
    if not environ.get("CONTENT_LENGTH"):
        return
    length = body_length(environ)
    environ["CONTENT_LENGTH"] = str(length)
    source = environ["wsgi.input"]
    if 0 < length <= MAX_READ and not isinstance(source, io.BytesIO):
        environ["wsgi.input"] = io.BytesIO(_read(source, length, most_kept(environ)))


def most_kept(environ: dict[str, Any]) -> int:
    """How many bytes of the request's body are kept."""
    return MAX_FILE if environ["PATH_INFO"].endswith(_TAKING_FILES) else MAX_KEPT


def _read(source: Any, length: int, most: int) -> bytes:
    body: bytes = source.read(min(length, most))
    received = len(body)
    while received < length and (piece := source.read(min(length - received, _PIECE))):
        if received < most:
            body += piece[: most - received]
        received += len(piece)
    if received < length:
        raise IncompleteBody
    return body


def body_length(environ: dict[str, Any]) -> int:
    """The declared length of the body in bytes, at most 10^15 - 1; 0 when none is declared, or no number.

    Leading zeros are allowed; without a limit Python would parse 4300 digits.
    """
    declared = (environ.get("CONTENT_LENGTH") or "").lstrip("0")
    if not (declared.isascii() and declared.isdecimal()):
        return 0
    return int(declared) if len(declared) <= _DIGITS else 10**_DIGITS - 1


def _is_readable(content_type: str) -> bool:
    if len(content_type) > _LONGEST_TYPE:
        return False
    if ";" not in content_type:
        return True
    lowered = content_type.lower()
    if "*" not in lowered and "charset" not in lowered:
        return True
    try:
        _, parameters = parse_header_parameters(content_type)
    except (ValueError, TypeError, LookupError):
        return False
    return parameters.get("charset", "utf-8").lower() in _CHARSETS
