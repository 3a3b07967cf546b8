"""Responses that are not finished when their view returns: streams, and templates that are rendered later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from logging import getLogger
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

from kv.process.threads import submit, to_its_end
from usertokens.services.charges import Charge
from usertokens.views.refusals import REFUSED, refuse

log = getLogger(__name__)

_FIRST_ERROR = 400


def is_error(response: Any) -> bool:
    """Whether the response is no success. What is no response at all is none: Django will say so."""
    status: int = getattr(response, "status_code", _FIRST_ERROR)
    return status >= _FIRST_ERROR


def charge_later(charge: Charge, request: HttpRequest | Request, response: Any) -> bool:
    """Settle or abandon the charge once the response is finished. False, and nothing is done, if it is already."""
    if getattr(response, "streaming", False):
        parts = response.streaming_content
        response.streaming_content = _AsyncParts(parts, charge) if response.is_async else _Parts(parts, charge)
        return True
    if getattr(response, "is_rendered", True):
        return False
    # Put before the class's own method until it is called: Django's handler calls `response.render()`.
    vars(response)["render"] = lambda: _render(charge, request, response)
    return True


def _render(charge: Charge, request: HttpRequest | Request, response: Any) -> Any:
    del vars(response)["render"]
    try:
        rendered = response.render()
    except BaseException:
        charge.abandon()
        raise
    try:
        charge.settle()
    except REFUSED as error:
        return refuse(request, error, instead_of=response)
    return rendered


def _settle(charge: Charge) -> None:
    """At the end of a stream. Its parts are sent already, so what goes wrong can only be logged."""
    try:
        charge.settle(is_delivered=True)
    except REFUSED as error:
        log.warning(
            "user %s was not charged %s for a stream (%s): %s",
            charge.user_id, charge.order, charge.reason, type(error).__name__,
        )  # fmt: skip


class _Parts:
    """The parts of a stream: behind the last one the tokens are taken; closed before that, they are released."""

    def __init__(self, parts: Iterator[bytes], charge: Charge) -> None:
        self._parts = parts
        self._charge = charge

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except StopIteration:
            _settle(self._charge)
            raise
        except BaseException:
            self._charge.abandon()
            raise

    def close(self) -> None:
        """Django calls it at the end of each response, also of one whose client has gone."""
        self._charge.abandon()


class _AsyncParts:
    """The same for an async stream."""

    def __init__(self, parts: AsyncIterator[bytes], charge: Charge) -> None:
        self._parts = parts
        self._charge = charge

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._parts)
        except StopAsyncIteration:
            await to_its_end(submit(_settle, self._charge))
            raise
        except BaseException:
            await to_its_end(submit(self._charge.abandon))
            raise

    def close(self) -> None:
        """Django calls it in a thread."""
        self._charge.abandon()
