"""A write refuses fields that it does not know, by name: `user_id` for `userId` once spent the caller's own tokens."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from drf_spectacular.generators import SchemaGenerator

from tests.security.table import BROWSER
from tests.site_client import SiteClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lane")]

# Stripe's events are Stripe's to shape.
THEIRS = {"/api/webhooks/stripe"}


def takes_json(operation: dict[str, Any]) -> bool:
    return "requestBody" not in operation or "application/json" in operation["requestBody"]["content"]


def writes() -> list[tuple[str, str]]:
    """Every operation of the API that changes something and takes fields or nothing, by its description.

    The columns of a CSV file are tests/codetags/test_code_imports.py's.
    """
    generator: Any = SchemaGenerator
    paths = generator().get_schema(request=None, public=True)["paths"]
    return [
        (method, path.replace("{", "").replace("}", ""))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method in {"post", "put", "patch"} and path not in THEIRS and takes_json(operation)
    ]


@pytest.fixture
def chief(store: Any, settings: Any) -> SiteClient:
    """Whom every view lets in."""
    settings.RATE_LIMITS = None
    client = SiteClient(headers={"User-Agent": BROWSER})
    client.force_login(User.objects.create_superuser("chief", password="a long password"))
    return client


@pytest.mark.parametrize("name", ["user_id", "userid", "UserId", "Amount", "x" * 100, ""])
@pytest.mark.parametrize(("method", "path"), writes())
def test_a_field_that_is_not_known_is_named(method: str, path: str, name: str, chief: SiteClient) -> None:
    answer = getattr(chief, method)(path, {name: "1"}, content_type="application/json")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "invalid_input")
    assert name[:64] in body["errors"]


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", ["/api/stats/visit", "/api/billing/portal"])
class TestWritesThatTakeNothing:
    """Many clients send a form without fields where there is nothing to send."""

    @pytest.mark.parametrize("body", [{}, {"data": "", "content_type": FORM}])
    def test_take_a_form_without_fields(self, path: str, body: dict[str, Any], chief: SiteClient) -> None:
        plain, formed = chief.post(path, content_type="application/json"), chief.post(path, **body)
        assert formed.status_code == plain.status_code in {200, 201, 503}

    @pytest.mark.parametrize("body", [{"data": {"user_id": "1"}}, {"data": "user_id=1", "content_type": FORM}])
    def test_refuse_the_fields_of_a_form(self, path: str, body: dict[str, Any], chief: SiteClient) -> None:
        answer = chief.post(path, **body)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["user_id"])

    @pytest.mark.parametrize("kind", ["multipart/form-data", "application/json"])
    def test_refuse_a_form_that_is_none(self, path: str, kind: str, chief: SiteClient) -> None:
        assert chief.post(path, b"not a form", content_type=kind).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/api/tokens/spend", {"amount": 3, "reason": "x"}),
        ("post", "/api/generations", {}),
        ("post", "/api/tokens/holds", {"amount": 3, "reason": "x", "ttl_seconds": 60}),
        ("patch", "/api/mood", {"score": 5}),
        ("post", "/api/chat/save", {"summary": "x"}),
    ],
)
class TestMisspeltUser:
    def test_in_the_body_nothing_happens(
        self, method: str, path: str, body: dict[str, Any], chief: SiteClient, store: Any
    ) -> None:
        before = chief.get("/api/tokens").json()
        answer = getattr(chief, method)(path, {**body, "user_id": "test-user-id"}, content_type="application/json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["user_id"])
        assert chief.get("/api/tokens").json() == before

    def test_nor_in_the_query(
        self, method: str, path: str, body: dict[str, Any], chief: SiteClient, store: Any
    ) -> None:
        answer = getattr(chief, method)(f"{path}?user_id=test-user-id", body, content_type="application/json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["user_id"])


def test_what_is_wrong_besides_is_said_too(chief: SiteClient) -> None:
    answer = chief.post("/api/tokens/spend", {"amont": 3, "reason": ""}, content_type="application/json")
    assert set(answer.json()["errors"]) == {"amont", "amount", "reason"}


def test_one_message_of_a_conversation_knows_its_fields(chief: SiteClient) -> None:
    body = {"summary": "x", "messages": [{"role": "a", "content": "b", "name": "c"}]}
    answer = chief.post("/api/chat/save", body, content_type="application/json")
    assert answer.status_code == 400
    assert "name" in str(answer.json()["errors"])
