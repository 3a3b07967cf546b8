"""Refusals: a page for people, one JSON shape under /api/."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from config import error_responses
from kv.errors import StoreUnavailable
from stats.services.figures import forget_figures
from tests.site_client import SiteClient


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    forget_figures()


@pytest.fixture
def client() -> SiteClient:
    return SiteClient()


class TestApi:
    @pytest.mark.parametrize("path", ["/api", "/api/nothing", "/api/", "/api/stats/", "/api/stats/visit/x", "/api/%00"])
    def test_an_unknown_address_is_a_404_in_json(self, path: str, client: SiteClient) -> None:
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/json"
        assert answer["Cache-Control"] == "no-store"
        assert answer.json() == {"detail": "Nothing is under this address.", "code": "not_found"}

    @pytest.mark.parametrize(
        ("handler", "status", "code"),
        [
            (lambda request: error_responses.bad_request(request, ValueError()), 400, "bad_request"),
            (lambda request: error_responses.permission_denied(request, ValueError()), 403, "permission_denied"),
            (lambda request: error_responses.not_found(request, ValueError()), 404, "not_found"),
            (error_responses.server_error, 500, "server_error"),
            (lambda request: error_responses.unavailable(request, "store_unavailable"), 503, "store_unavailable"),
        ],
    )
    def test_every_handler_has_a_shape_for_each(self, handler: Any, status: int, code: str) -> None:
        import json

        answer = handler(RequestFactory().get("/api/stats"))
        body = json.loads(answer.content)
        assert (answer.status_code, body["code"]) == (status, code)
        assert body["detail"].endswith(".")
        page = handler(RequestFactory().get("/pay"))
        assert page.status_code == status
        assert b"<h1" in page.content

    @pytest.mark.parametrize("path", ["/api/stats/visit", "/api/stats/qr", "/api/track-usage"])
    def test_a_body_over_64_kib_is_refused_by_its_length_alone(self, path: str, client: SiteClient) -> None:
        answer = client.post(path, data=b"x" * (64 * 1024 + 1), content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    @pytest.mark.django_db
    def test_a_locked_database_is_a_503(self, client: SiteClient) -> None:
        with patch("knox.auth.TokenAuthentication.authenticate", side_effect=OperationalError("database is locked")):
            answer = client.post(
                "/api/stats/qr", {"amount_cents": 1, "id": "a"}, content_type="application/json",
                headers={"Authorization": "Token x"},
            )  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert answer["Retry-After"] == "1"


class TestPages:
    @pytest.mark.parametrize("error", [StoreUnavailable("away"), OperationalError("locked")])
    def test_that_can_not_do_without_a_store_say_so(self, error: Exception, client: SiteClient) -> None:
        with patch("config.pages.render", side_effect=error):
            answer = client.get("/")
        assert answer.status_code == 503
        assert answer["Retry-After"] == "1"
        assert "no-store" in answer["Cache-Control"]
        assert b"<h1" in answer.content

    def test_that_are_not_there_speak_the_reader_s_language(self, client: SiteClient) -> None:
        answer = client.get("/de/nichts")
        assert answer.status_code == 404
        assert '<html lang="de"' in answer.content.decode()

    def test_over_the_limit_of_a_form_are_refused(self, client: SiteClient) -> None:
        answer = client.post("/pay", {"beneficiary": "x" * 3_000_000})
        assert answer.status_code == 413
        assert "Too much was sent" in answer.content.decode()


@pytest.mark.parametrize(
    "send",
    [
        lambda client: client.get("/api/stats", headers={"Host": "evil.example"}),
        lambda client: client.get("/", headers={"Host": "evil.example"}),
        lambda client: client.post("/pay", {f"field{number}": "" for number in range(1100)}),
        lambda client: client.get("/nothing"),
        lambda client: client.post("/api/stats/qr", "{", content_type="application/json"),
        lambda client: client.get("/metrics"),
    ],
)
def test_what_strangers_send_fills_no_log(send: Any, client: SiteClient, caplog: pytest.LogCaptureFixture) -> None:
    assert 400 <= send(client).status_code < 500
    assert caplog.records == []


def test_what_failed_here_is_logged(client: SiteClient, caplog: pytest.LogCaptureFixture) -> None:
    with patch("config.pages.render", side_effect=StoreUnavailable("away")):
        client.get("/")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
