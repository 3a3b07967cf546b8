"""What stands for the body of a request: under one idempotency key only the same request is paid once."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest
from django.http.request import RawPostDataException
from rest_framework.request import Request


def plain_request(request: HttpRequest | Request) -> HttpRequest:
    """Django's request, also of a DRF view."""
    found: HttpRequest = request._request if isinstance(request, Request) else request  # noqa: SLF001 (DRF has no public name)
    return found


def body_digest(request: HttpRequest | Request) -> str:
    """A hash of the body; of a form with files, of its fields and files: its boundary is another one each time."""
    plain = plain_request(request)
    digest = hashlib.sha256()
    if plain.content_type == "multipart/form-data":
        _add_form(digest, plain)
    else:
        try:
            digest.update(plain.body)
        except RawPostDataException:  # DRF has read it, and keeps what it says
            digest.update(repr(request.data if isinstance(request, Request) else "").encode())
    return digest.hexdigest()


def _add_form(digest: Any, request: HttpRequest) -> None:
    for name, values in sorted(request.POST.lists()):
        digest.update(repr((name, values)).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(repr((name, file.name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
