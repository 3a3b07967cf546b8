"""The page of a journal that a request asks for."""

from __future__ import annotations

from django.http import HttpRequest

_MOST_DIGITS = 15


def entry_before(request: HttpRequest) -> int | None:
    """The number in `?before=`; None without one, and for what is no entry's number: the first page."""
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None
