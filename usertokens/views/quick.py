"""Writes about a user by a service, answered without Django REST framework, which takes more time than the write.

It takes over what is as usual: a POST with JSON, a token, no cookie and no query, by a caller who may act for the user.
The account, its permission and the user are asked for in one query (`kv.rest.callers`). All other calls, and every
refusal, are DRF's: nothing is written before they are ruled out, and what the ledger refuses is raised there.
The fast lane takes the same call in front of Django.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, ClassVar

import orjson
from django.core.exceptions import RequestDataTooBig
from django.db import close_old_connections, connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from kv.rest.callers import find_caller
from kv.rest.idempotency import read_key
from kv.rest.negotiation import JsonRenderer
from kv.store.steps import Steps
from kv.web.lane.calls import FAILED, Answer, Call, Failure, Offer, failure_of
from usertokens.permissions import ACT_FOR_ANY
from usertokens.views.base import UserTokensView, validated


class QuickPostView(UserTokensView):
    """POST what moves a user's tokens: their own, or another user's with the permission.

    shape: of the body.
    """

    shape: ClassVar[type[Serializer[Any]]]

    @staticmethod
    def move(user_id: str, data: dict[str, Any], *, key: str, actor: str) -> dict[str, Any]:
        """Do it; the body of the answer. Raises errors of services."""
        raise NotImplementedError

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """DRF's view function behind the quick way."""
        through_drf = super().as_view(**initkwargs)
        # A subclass may do more in `post`, or refuse more.
        if initkwargs or QuickPostView not in cls.__bases__:
            return through_drf
        allowed = ", ".join(cls().allowed_methods)

        @wraps(through_drf)
        def view(request: HttpRequest) -> HttpResponseBase:
            moved = None
            if failure_of(request) is None:  # which DRF's way raises
                try:
                    moved = cls._move(request.META, lambda: _body_of(request))
                except Exception as error:  # noqa: BLE001 (DRF's way raises it again, and does nothing else)
                    request.META[FAILED] = Failure(error, asked_who=False)
            return through_drf(request) if moved is None else _respond(moved, allowed)

        def answer(call: Call) -> Steps[Answer | None]:
            moved = cls._move_in_lane(call) if call.may_wait else None
            yield from ()  # the ledger is asked by this thread, as the database is
            return None if moved is None else call.respond(moved)

        view.offer = Offer(view, {"POST": answer}, allowed, by_token=True)  # type: ignore[attr-defined] # the lane finds it there
        return view

    def post_moved(self, request: Request) -> Response:
        """What `post` does, step by step."""
        data = validated(self.shape, request.data)
        user_id = self.subject(request, data.get("userId"), ACT_FOR_ANY)
        key, actor = self.idempotency_key(request), self.actor(request, user_id)
        return Response(self.move(user_id, data, key=key, actor=actor))

    @classmethod
    def _move(cls, meta: Mapping[str, Any], read: Callable[[], Any]) -> dict[str, Any] | None:
        """Do what the call asks for, and return the body of the answer; None, and nothing is done, if it is DRF's.

        read: returns the JSON of the body, None for another one.
        """
        if not _is_usual(meta, cls.max_body):
            return None
        try:
            data = validated(cls.shape, read())
            key = read_key(meta)
        except ValidationError:
            return None
        other = data.get("userId")
        caller = find_caller(cls.authentication_classes, meta, ACT_FOR_ANY, other)
        if caller is None:
            return None
        if other is None or other == caller.id:
            return cls.move(caller.id, data, key=key, actor="")
        if not (caller.may and caller.has_other):
            return None
        return cls.move(other, data, key=key, actor=caller.id)

    @classmethod
    def _move_in_lane(cls, call: Call) -> dict[str, Any] | None:
        """The same in front of Django, so with its care for connections at a request's begin and end."""
        used = connections.all(initialized_only=True)
        if any(each.in_atomic_block for each in used) or any(each["ATOMIC_REQUESTS"] for each in _databases()):
            return None
        close_old_connections()
        try:
            return cls._move(call.environ, lambda: call.json_body(cls.max_body))
        finally:
            close_old_connections()


def _databases() -> Iterable[Mapping[str, Any]]:
    settings: Mapping[str, Mapping[str, Any]] = connections.settings
    return settings.values()


def _is_usual(meta: Mapping[str, Any], most: int) -> bool:
    """Whether it is a POST of JSON by a token, and brings nothing else that may matter."""
    if meta["REQUEST_METHOD"] != "POST" or meta.get("CONTENT_TYPE") != "application/json" or meta.get("QUERY_STRING"):
        return False
    credentials = meta.get("HTTP_AUTHORIZATION", "")
    if meta.get("HTTP_COOKIE") or not credentials.isascii() or not credentials or "\0" in credentials:
        return False
    length = meta.get("CONTENT_LENGTH") or ""
    return bool(length.isascii() and length.isdecimal() and 0 < int(length) <= most)


def _body_of(request: HttpRequest) -> Any:
    """The JSON of the body, which can be read again; None for another one."""
    try:
        return orjson.loads(request.body)
    except (orjson.JSONDecodeError, RequestDataTooBig):
        return None


def _respond(body: dict[str, Any], allowed: str) -> HttpResponse:
    """The response as DRF makes it."""
    return HttpResponse(JsonRenderer().render(body), headers={"Allow": allowed, "Content-Type": "application/json"})
