"""JSON in and out, one shape for every refusal, and input that is exactly what the contract says."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import exceptions, serializers
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from kv.errors import NotReplicated, StoreUnavailable
from kv.rest.errors import InvalidInput, Refusal
from kv.rest.fields import CallerIdField, TextField, WholeNumberField
from kv.rest.permissions import holds
from kv.rest.views import ApiView, PublicView
from kv.store.connection import call
from kv.web.rate_limits import RateLimit, RateLimited
from tests.faults.servers import own_server

LIMIT = RateLimit("rest", "2/minute")


class Form(serializers.Serializer[Any]):
    amount = WholeNumberField(min_value=1, max_value=100)
    text = TextField(required=False)
    id = CallerIdField(required=False)


def view(work: Any = None, base: type[ApiView] = PublicView, **attributes: Any) -> Any:
    """A view that takes the form and answers what it was given, or does `work`."""

    def post(self: ApiView, request: Request) -> Response:
        if work is not None:
            return Response(work())
        form = Form(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(form.validated_data)

    return type("View", (base,), {"post": post, "get": post, **attributes}).as_view()  # type: ignore[attr-defined] # it is a view


def post(target: Any, body: Any = None, content_type: str = "application/json", **headers: Any) -> Response:
    data: Any = body if isinstance(body, bytes) else orjson.dumps(body)
    request = APIRequestFactory().generic("POST", "/", data, content_type=content_type, **headers)
    response = target(request)
    response.render()
    assert isinstance(response, Response)
    assert response["Content-Type"] == "application/json"
    return response


def body_of(response: Response) -> dict[str, Any]:
    found = json.loads(response.content)
    assert isinstance(found, dict)
    return found


def raising(error: Exception) -> Any:
    def work() -> None:
        raise error

    return view(work)


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (StoreUnavailable("gone"), 503, "store_unavailable"),
            (NotReplicated("0 of 1"), 503, "store_unavailable"),
            (OperationalError("database is locked"), 503, "database_unavailable"),
            (InterfaceError("connection closed"), 503, "database_unavailable"),
            (RateLimited(LIMIT, 7), 429, "rate_limited"),
            (RequestDataTooBig(), 413, "too_large"),
            (Http404(), 404, "not_found"),
            (PermissionDenied(), 403, "permission_denied"),
            (exceptions.MethodNotAllowed("POST"), 405, "method_not_allowed"),
            (InvalidInput("receipt", "Not ours."), 400, "invalid_input"),
            (Refusal(409, "idempotency_conflict", "Another body."), 409, "idempotency_conflict"),
        ],
    )
    def test_each_has_its_status_and_code(self, error: Exception, status: int, code: str) -> None:
        response = post(raising(error), {})
        body = body_of(response)
        assert (response.status_code, body["code"]) == (status, code)
        assert isinstance(body["detail"], str)
        assert len(body["detail"]) > 5
        assert ("errors" in body) == (status == 400)

    def test_unavailable_says_when_to_come_again(self) -> None:
        assert post(raising(StoreUnavailable()), {})["Retry-After"] == "1"

    def test_a_refusal_carries_data(self) -> None:
        body = body_of(post(raising(Refusal(402, "insufficient_tokens", "Too few.", balance=2, required=3)), {}))
        assert (body["balance"], body["required"]) == (2, 3)

    def test_nothing_of_the_inside_is_told(self) -> None:
        for error in (StoreUnavailable("redis://secret@h"), OperationalError("password=secret")):
            assert b"secret" not in post(raising(error), {}).content

    def test_fields_are_named(self) -> None:
        body = body_of(post(view(), {"amount": 0, "id": ""}))
        assert set(body["errors"]) == {"amount", "id"}
        assert all(isinstance(text, str) for texts in body["errors"].values() for text in texts)

    def test_a_list_that_is_none_is_wrong_under_its_own_name(self) -> None:
        class Words(serializers.Serializer[Any]):
            words = Form(many=True)

        body = body_of(post(view(lambda: Words(data={"words": "no"}).is_valid(raise_exception=True)), {}))
        assert list(body["errors"]) == ["words"]

    @pytest.mark.parametrize("body", [[], 5, "text", None, True])
    def test_what_is_no_object_is_wrong_input(self, body: Any) -> None:
        response = post(view(), body)
        assert response.status_code == 400
        assert body_of(response)["code"] == "invalid_input"


class TestBodies:
    @pytest.mark.parametrize("body", [b"{", b"", b"\xff\xfe", b'{"a": NaN}', b'{"a":"\\ud800"}', b"[" * 60_000])
    def test_malformed(self, body: bytes) -> None:
        response = post(view(), body)
        assert response.status_code == 400
        answer = body_of(response)
        assert answer["code"] in ("malformed_json", "invalid_input")
        assert list(answer["errors"]) == (["body"] if body else ["amount"])
        assert response["Cache-Control"] == "no-store"

    def test_too_large(self) -> None:
        response = post(view(), b'{"text":"' + b"x" * 65_536 + b'"}')
        assert (response.status_code, body_of(response)["code"]) == (413, "too_large")

    def test_too_large_though_it_says_otherwise(self) -> None:
        response = post(view(), b'{"text":"' + b"x" * 70_000 + b'"}', CONTENT_LENGTH="70020")
        assert response.status_code == 413

    def test_a_view_may_take_more(self) -> None:
        assert post(view(max_body=100_000), b'{"amount":1,"text":"' + b"x" * 70_000 + b'"}').status_code == 200

    @pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", ""])
    def test_other_media_types(self, kind: str) -> None:
        response = post(view(), b'{"amount":1}', content_type=kind)
        assert (response.status_code, body_of(response)["code"]) == (415, "unsupported_media_type")

    def test_charset_is_no_other_media_type(self) -> None:
        assert post(view(), b'{"amount":1}', content_type="application/json; charset=utf-8").status_code == 200

    @pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*"])
    def test_whatever_accept_says_it_is_json(self, accept: str) -> None:
        assert post(view(), {"amount": 1}, HTTP_ACCEPT=accept).status_code == 200

    @given(st.binary(max_size=200))
    def test_no_bytes_are_too_much_for_it(self, body: bytes) -> None:
        assert post(view(), body).status_code in (200, 400)


class TestFields:
    @pytest.mark.parametrize("value", ["5", 5.0, 5.5, True, None, [], {}, 0, 101, 10**30])
    def test_whole_numbers_are_nothing_else(self, value: Any) -> None:
        assert body_of(post(view(), {"amount": value} if value != 10**30 else b'{"amount":%d}' % 10**30))["errors"][
            "amount"
        ]

    @pytest.mark.parametrize("value", [1, 100])
    def test_whole_numbers(self, value: int) -> None:
        assert body_of(post(view(), {"amount": value})) == {"amount": value}

    @pytest.mark.parametrize("value", [5, True, None, ["a"], {"a": 1}])
    def test_texts_are_nothing_else(self, value: Any) -> None:
        assert "text" in body_of(post(view(), {"amount": 1, "text": value}))["errors"]

    @pytest.mark.parametrize("value", ["", "x" * 65, "é", "a\nb", "a\n", "\x7f", 5, None])
    def test_ids_that_are_none(self, value: Any) -> None:
        assert "id" in body_of(post(view(), {"amount": 1, "id": value}))["errors"]

    @pytest.mark.parametrize("value", ["a", "x" * 64, " spaces kept ", "{a}:~!"])
    def test_ids(self, value: str) -> None:
        assert body_of(post(view(), {"amount": 1, "id": value}))["id"] == value


class TestRateLimit:
    def test_the_headers(self, store: Any) -> None:
        target = view(dict, rate_limit=LIMIT)
        assert [post(target, {}).status_code for _ in range(2)] == [200, 200]
        response = post(target, {})
        assert (response.status_code, body_of(response)["code"]) == (429, "rate_limited")
        wait = int(response["Retry-After"])
        assert 55 <= wait <= 60
        assert response["RateLimit"] == f'"rest";r=0;t={wait}'
        assert response["RateLimit-Policy"] == '"rest";q=2;w=60'

    def test_off(self, store: Any) -> None:
        with override_settings(RATE_LIMITS=None):
            assert {post(view(dict, rate_limit=LIMIT), {}).status_code for _ in range(5)} == {200}

    def test_a_store_that_is_away_lets_reads_pass_and_stops_writes(self) -> None:
        target = view(dict, rate_limit=LIMIT)
        with own_server() as breakable:
            call("PING")
            with breakable.frozen():
                assert post(target, {}).status_code == 503
                read = target(RequestFactory().get("/"))
                assert read.status_code == 200
                refused = view(dict, rate_limit=LIMIT, reads_store=True)(RequestFactory().get("/"))
                assert refused.status_code == 503


class TestCallers:
    def ask(self, user: Any, permission: str = "auth.view_user") -> int:
        target = view(
            dict,
            base=ApiView,
            permission_classes=[holds(permission)],
            authentication_classes=[SessionAuthentication],
        )
        request = APIRequestFactory().post("/", {}, format="json")
        if user is not None:
            force_authenticate(request, user)
        return int(target(request).status_code)

    def test_a_permission_is_asked_for_by_name(self, db: None) -> None:
        plain = User.objects.create_user("plain")
        permitted = User.objects.create_user("permitted")
        permitted.user_permissions.add(Permission.objects.get(codename="view_user"))
        assert self.ask(plain) == 403
        assert self.ask(permitted) == 200
        assert self.ask(AnonymousUser()) == 403
        assert self.ask(None) == 403

    def test_who_is_nobody_is_asked_who_they_are(self, db: None) -> None:
        target = view(
            dict, base=ApiView, permission_classes=[holds("x.y")], authentication_classes=[BasicAuthentication]
        )
        response = post(target, {})
        assert (response.status_code, body_of(response)["code"]) == (401, "not_authenticated")
        assert response["WWW-Authenticate"].startswith("Basic")
        wrong = post(target, {}, HTTP_AUTHORIZATION="Basic nonsense")
        assert (wrong.status_code, body_of(wrong)["code"]) == (401, "authentication_failed")

    def test_a_public_view_asks_nobody_for_a_csrf_token(self, db: None) -> None:
        request = APIRequestFactory(enforce_csrf_checks=True).post("/", {"amount": 1}, format="json")
        assert view()(request).status_code == 200

    def test_methods_that_are_none_of_its(self) -> None:
        request = RequestFactory().delete("/")
        response = view()(request)
        assert response.status_code == 405
        assert "OPTIONS" not in response["Allow"]
