"""`@spends`: what a view costs, who is refused and how, and requests that are repeated."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from rest_framework.test import APIClient

from kv.errors import StoreUnavailable
from tests.usertokens.test_spends import FINISHED, HTML, JSON, STREAMS, tokens
from usertokens.services import forget_user, get_balance, set_budget, spend_tokens, spends

pytestmark = [pytest.mark.own_loop, pytest.mark.django_db, pytest.mark.urls("tests.usertokens.spending_urls")]


class TestPrice:
    @pytest.mark.parametrize("kind", ["priced", "apriced"])
    @pytest.mark.parametrize("number", [0, 1, 100])
    def test_it_may_depend_on_the_request(self, payer: Client, user: User, kind: str, number: int) -> None:
        assert payer.get(f"/{kind}/{number}").status_code == 200
        assert tokens(user) == (100 - number, 0)

    def test_without_one_it_is_that_of_a_generation(self, payer: Client, user: User) -> None:
        with override_settings(GENERATION_COST=7):
            payer.get("/default")
        assert tokens(user) == (93, 0)

    @pytest.mark.parametrize(
        "wrong", [{"amount": 0}, {"amount": 1.5}, {"amount": True}, {"ttl_seconds": 0}, {"ttl_seconds": 86401}]
    )
    def test_what_can_be_no_price_is_refused_at_once(self, wrong: Any) -> None:
        with pytest.raises(ValueError, match=r"amount|ttl_seconds"):
            spends("image", **wrong)

    def test_what_makes_no_sense_is_refused_at_once(self) -> None:
        with pytest.raises(TypeError, match="one of"):
            spends("image", amount=3, cost=lambda request: 3)
        with pytest.raises(TypeError, match="action"):
            spends(lambda request: None)  # type: ignore[arg-type] # wrong on purpose

    @pytest.mark.parametrize("price", [-1, 1.5, "3", None])
    def test_a_cost_that_is_no_number_of_tokens_is_a_defect(self, user: User, rf: Any, price: Any) -> None:
        @spends("image", cost=lambda request: price)
        def view(request: HttpRequest) -> HttpResponse:
            raise AssertionError("the view was run")

        request = rf.get("/")
        request.user = user
        with pytest.raises(ValueError, match="amount"):
            view(request)

    def test_a_view_keeps_its_name(self) -> None:
        @spends("image")
        def view(request: HttpRequest) -> HttpResponse:
            """A view."""
            return HttpResponse()

        assert (view.__name__, view.__doc__) == ("view", "A view.")


class TestRefusals:
    @pytest.mark.parametrize("kind", [*FINISHED, *STREAMS])
    def test_too_few_are_a_402(self, payer: Client, user: User, kind: str) -> None:
        spend_tokens(str(user.pk), 98)
        response = payer.get(f"/{kind}", headers=JSON)
        assert (response.status_code, response.json()) == (
            402,
            {
                "success": False,
                "detail": "3 tokens are needed, the balance is 2.",
                "code": "insufficient_tokens",
                "balance": 2,
                "required": 3,
            },
        )
        assert response.headers["Cache-Control"] == "no-store"
        assert tokens(user) == (2, 0)

    def test_nested_views_are_paid_once_each_under_one_key(self, rf: RequestFactory, user: User) -> None:
        @spends("outer", amount=3)
        @spends("inner", amount=2)
        def view(request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        for _ in range(2):
            request = rf.get("/drawn", headers={"Idempotency-Key": "one"})
            request.user = user
            assert view(request).status_code == 200
            assert tokens(user) == (95, 0)
        other = rf.get("/painted", headers={"Idempotency-Key": "one"})
        other.user = user
        assert view(other).status_code == 409

    def test_one_token_is_said_as_one(self, api: APIClient, user: User) -> None:
        spend_tokens(str(user.pk), 100)
        answer = api.post("/api/tokens/spend", {"amount": 1, "reason": "x"}, format="json")
        assert answer.json()["detail"] == "1 token is needed, the balance is 0."

    @pytest.mark.parametrize("kind", ["plain", "async", "class", "stream"])
    def test_for_people_it_is_a_page(self, payer: Client, user: User, kind: str) -> None:
        spend_tokens(str(user.pk), 98)
        response = payer.get(f"/{kind}", headers=HTML)
        assert response.status_code == 402
        assert "Tokens needed: 3. Your balance: 2." in response.content.decode()
        assert 'href="/dashboard"' in response.content.decode()

    @pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {**HTML, "Content-Type": "application/json"}, JSON])
    def test_programs_get_json(self, payer: Client, user: User, headers: dict[str, str]) -> None:
        spend_tokens(str(user.pk), 100)
        assert payer.get("/plain", headers=headers).json()["code"] == "insufficient_tokens"

    @pytest.mark.parametrize("kind", ["plain", "async", "class", "async-class"])
    def test_strangers_are_asked_to_log_in(self, payer: Client, kind: str) -> None:
        stranger = Client()
        page = stranger.get(f"/{kind}?a=1", headers=HTML)
        assert (page.status_code, page.headers["Location"]) == (302, f"/accounts/login?next=/{kind}%3Fa%3D1")
        answer = stranger.get(f"/{kind}", headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    @pytest.mark.parametrize("kind", ["drf", "drf-function"])
    def test_drf_asks_strangers_as_its_project_does(self, payer: Client, kind: str) -> None:
        answer = Client().get(f"/{kind}", headers=HTML)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Token")
        assert "detail" in answer.json()

    def test_a_closed_account_is_a_404(self, payer: Client, user: User) -> None:
        forget_user(str(user.pk))
        answer = payer.get("/plain", headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (404, "account_closed")
        assert payer.get("/plain", headers=HTML).status_code == 404

    @pytest.mark.parametrize("where", ["hold_tokens", "capture_once"])
    def test_while_the_store_is_away_it_is_a_503(
        self, payer: Client, user: User, monkeypatch: pytest.MonkeyPatch, where: str
    ) -> None:
        def away(*args: Any, **kwargs: Any) -> Any:
            raise StoreUnavailable("timeout")

        monkeypatch.setattr(f"usertokens.services.charges.{where}", away)
        answer = payer.get("/plain", headers={**JSON, "Idempotency-Key": "one"})
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert answer.headers["Retry-After"] == "1"
        monkeypatch.undo()
        assert tokens(user)[0] in {100, 97}

    def test_a_hold_that_ended_is_paid_from_the_balance(self, payer: Client, user: User) -> None:
        assert payer.get("/late").status_code == 200
        assert tokens(user) == (97, 0)

    def test_and_refused_when_nothing_is_left(self, payer: Client, user: User) -> None:
        assert payer.get("/late?all=1", headers=JSON).status_code == 402
        assert tokens(user) == (0, 0)


class TestKeys:
    @pytest.mark.parametrize("kind", [*FINISHED, *STREAMS])
    @pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
    def test_a_repeated_request_pays_once(self, payer: Client, user: User, kind: str) -> None:
        for _ in range(3):
            response: Any = payer.get(f"/{kind}", headers={**JSON, "Idempotency-Key": "one"})
            assert response.status_code == 200
            list(response)
        assert tokens(user) == (97, 0)
        assert payer.get(f"/{kind}", headers={**JSON, "Idempotency-Key": "two"}).status_code == 200

    def test_it_needs_no_tokens_again(self, payer: Client, user: User) -> None:
        spend_tokens(str(user.pk), 97)
        for _ in range(2):
            assert payer.get("/plain", headers={**JSON, "Idempotency-Key": "one"}).status_code == 200
        assert tokens(user) == (0, 0)

    def test_what_failed_is_paid_by_the_next_attempt(self, payer: Client, user: User) -> None:
        key = {**JSON, "Idempotency-Key": "one"}
        get_balance(str(user.pk))
        assert payer.get("/priced/5?raise=1", headers=key).status_code == 500
        assert payer.get("/priced/5?raise=1", headers=key).status_code == 500
        assert tokens(user) == (100, 0)
        assert payer.get("/priced/5?", headers=key).status_code == 200
        assert tokens(user) == (95, 0)

    def test_for_something_else_it_is_a_409(self, payer: Client, user: User) -> None:
        key = {**HTML, "Idempotency-Key": "one"}
        assert payer.get("/priced/5", headers=key).status_code == 200
        for other in ("/priced/6", "/priced/5?x=1", "/plain"):
            answer = payer.get(other, headers=key)
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
        assert tokens(user) == (95, 0)

    @pytest.mark.parametrize("key", ["", "é", "x" * 65])
    def test_what_is_no_key_is_a_400(self, payer: Client, user: User, key: str) -> None:
        answer = payer.get("/plain", headers={**JSON, "Idempotency-Key": key})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
        assert tokens(user) == (100, 0)

    @pytest.mark.parametrize("kind", ["echo", "drf-echo", "async-echo"])
    @pytest.mark.parametrize("form", ["json", "fields", "file"])
    def test_another_body_is_another_request(self, payer: Client, user: User, kind: str, form: str) -> None:
        """One payment does not pay for other input; and the view still reads what was sent."""

        def send(text: str) -> Any:
            file = SimpleUploadedFile("a.txt", text.encode())
            data: Any = {"json": {"text": text}, "fields": {"text": text}, "file": {"text": "x", "file": file}}[form]
            media: Any = {"content_type": "application/json"} if form == "json" else {}
            return payer.post(f"/{kind}", data, headers={**JSON, "Idempotency-Key": "one"}, **media)

        first, again, other = send("one"), send("one"), send("two")
        assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
        assert first.json() == again.json() == {"text": "one"}
        assert tokens(user) == (97, 0)


class TestBudget:
    @pytest.mark.parametrize("kind", ["priced", "apriced"])
    def test_a_view_over_it_is_not_run(self, payer: Client, user: User, kind: str) -> None:
        set_budget(str(user.pk), day=5)
        assert payer.get(f"/{kind}/5").status_code == 200
        for accept, content_type in ((HTML, "text/html"), (JSON, "application/json")):
            answer = payer.get(f"/{kind}/1", headers=accept)
            assert (answer.status_code, answer["Cache-Control"]) == (402, "no-store")
            assert answer["Content-Type"].startswith(content_type)
        assert answer.json()["code"] == "budget_exceeded"
        assert tokens(user) == (95, 0)
