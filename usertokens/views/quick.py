"""Writes about a user by a service, answered without Django REST framework, which takes more time than the write.

It takes over what is as usual: a POST with JSON, a token, no cookie and no query, by a caller who may act for the user.
The account, its permission and the user are asked for in one query (`kv.rest.callers`). All other calls, and every
refusal of who calls and of what was sent, are DRF's: nothing is written before they are ruled out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any, ClassVar

import orjson
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from kv.rest.callers import find_caller
from kv.rest.errors import handle_exception
from kv.rest.negotiation import JsonRenderer
from usertokens.permissions import ACT_FOR_ANY
from usertokens.views.base import UserTokensView, read_key, refusal_of, validated


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
            try:
                moved = cls._move(request)
            except Exception as error:
                refused = handle_exception(refusal_of(error), {})
                if refused is None:
                    raise
                return _respond(refused.data, allowed, refused.status_code, refused.headers)
            return through_drf(request) if moved is None else _respond(moved, allowed)

        return view

    def post_moved(self, request: Request) -> Response:
        """What `post` does, step by step."""
        data = validated(self.shape, request.data)
        user_id = self.subject(request, data.get("userId"), ACT_FOR_ANY)
        key, actor = self.idempotency_key(request), self.actor(request, user_id)
        return Response(self.move(user_id, data, key=key, actor=actor))

    @classmethod
    def _move(cls, request: HttpRequest) -> dict[str, Any] | None:
        """Do what the call asks for, and return the body of the answer; None, and nothing is done, if it is DRF's."""
        sent = _usual_body(request, cls.max_body)
        if sent is None:
            return None
        try:
            data = validated(cls.shape, sent)
            key = read_key(request.META)
        except ValidationError:
            return None
        other = data.get("userId")
        caller = find_caller(cls.authentication_classes, request, ACT_FOR_ANY, other)
        if caller is None:
            return None
        if other is None or other == caller.id:
            return cls.move(caller.id, data, key=key, actor="")
        if not (caller.may and caller.has_other):
            return None
        return cls.move(other, data, key=key, actor=caller.id)


def _usual_body(request: HttpRequest, most: int) -> Any:
    """The JSON of a request that is as usual, else None. The body can be read again."""
    meta = request.META
    if request.method != "POST" or meta.get("CONTENT_TYPE") != "application/json" or meta.get("QUERY_STRING"):
        return None
    if meta.get("HTTP_COOKIE") or not meta.get("HTTP_AUTHORIZATION", "é").isascii():
        return None
    length = meta.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdecimal() and 0 < int(length) <= most):
        return None
    try:
        return orjson.loads(request.body)
    except (orjson.JSONDecodeError, RequestDataTooBig):
        return None


def _respond(body: Any, allowed: str, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """The response as DRF makes it."""
    made = {**(headers or {}), "Allow": allowed, "Content-Type": "application/json"}
    return HttpResponse(JsonRenderer().render(body), status=status, headers=made)
