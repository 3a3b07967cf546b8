"""Redeeming from outside: the API, the page, and a link through sign-up or log-in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from kv.errors import StoreUnavailable
from kv.times import utc_now
from tests.usertokens.conftest import client_of
from tests.usertokens.vouchers import make, state_of
from usertokens.services import forget_user, get_balance, spend_tokens

DAY = timedelta(days=1)


def _away(*_: Any, **__: Any) -> Any:
    raise StoreUnavailable("away")


def post(client: APIClient, body: Any, key: str = "") -> Any:
    return client.post("/api/tokens/redeem", body, format="json", headers={"Idempotency-Key": key} if key else {})


class TestApi:
    def test_it_answers_as_add(self, api: APIClient) -> None:
        answer = post(api, {"code": f" {make(tokens=500).lower()} "})
        assert answer.status_code == 200
        assert answer.json() == {"success": True, "transaction_id": "2", "added": 500, "balance": 600}

    @pytest.mark.parametrize(
        ("terms", "refused"),
        [
            (None, ("voucher_unknown",)),
            ({"valid_until": utc_now() - DAY}, ("voucher_over",)),
            ({"valid_from": utc_now() + DAY}, ("voucher_not_yet", "valid_from")),
            ({"max_uses": 1, "by": "other"}, ("voucher_used", "by_you")),
            ({"max_uses": 2, "by": "you"}, ("voucher_used", "by_you")),
            ({"account_days": 1}, ("voucher_for_new_users", "days")),
        ],
    )
    def test_each_refusal_has_its_own_code(
        self, api: APIClient, user: User, other: User, terms: dict[str, Any] | None, refused: tuple[str, ...]
    ) -> None:
        code, *more = refused
        User.objects.filter(pk=user.pk).update(date_joined=utc_now() - 2 * DAY)
        by = terms.get("by") if terms else None
        voucher = make(**{name: value for name, value in (terms or {}).items() if name != "by"})
        if by:
            post(api if by == "you" else client_of(other), {"code": voucher})
        before = get_balance(str(user.pk)).tokens
        answer = post(api, {"code": voucher if terms is not None else "NEVER-MADE"})
        body = answer.json()
        assert (answer.status_code, body["code"]) == (400, code)
        assert set(body) == {"detail", "code", "errors", *more}
        assert body["errors"] == {"code": [body["detail"]]}
        assert body.get("by_you") in (None, by == "you")
        assert voucher not in answer.content.decode()
        assert get_balance(str(user.pk)).tokens == before

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "code"), ({"code": ""}, "code"), ({"code": None}, "code"), ({"code": 5}, "code"),
            ({"code": ["A"]}, "code"), ({"code": "x" * 201}, "code"), ({"code": "ABCD", "userId": "1"}, "userId"),
            ({"code": "ABCD", "amount": 5}, "amount"),
        ],
    )  # fmt: skip
    def test_a_wrong_body(self, api: APIClient, body: Any, field: str) -> None:
        answer = post(api, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
        assert field in answer.json()["errors"]

    def test_who_may(self, client: Client, user: User, store: Any) -> None:
        assert post(APIClient(), {"code": "ABCD"}).status_code == 401
        strict = APIClient(enforce_csrf_checks=True)
        strict.force_login(user)
        assert post(strict, {"code": make()}).status_code == 403

    def test_the_same_key(self, api: APIClient, user: User) -> None:
        code = make()
        first = post(api, {"code": code}, "k").json()
        spend_tokens(str(user.pk), 30)
        assert post(api, {"code": code}, "k").json() == first
        again = post(api, {"code": make()}, "k")
        assert (again.status_code, again.json()["code"]) == (409, "idempotency_conflict")

    def test_a_closed_account(self, api: APIClient, user: User) -> None:
        code = make()
        forget_user(str(user.pk))
        answer = post(api, {"code": code})
        assert (answer.status_code, answer.json()["code"]) == (404, "account_closed")
        assert state_of(code) == (0, [])

    def test_guessing_ends_soon_and_others_are_not_stopped_by_it(self, api: APIClient, other: User) -> None:
        code = make(max_uses=2)
        assert {post(api, {"code": f"GUESS-{number}"}).status_code for number in range(20)} == {400}
        answer = post(api, {"code": code})
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert 0 < int(answer.headers["Retry-After"]) <= 3600
        assert 'redeem"' in answer.headers["RateLimit-Policy"]
        assert post(client_of(other), {"code": code}).status_code == 200

    def test_guessing_with_many_accounts_ends_too(self, store: Any, db: None) -> None:
        users = [User.objects.create_user(f"guesser{number}") for number in range(6)]
        clients = [client_of(one) for one in users]
        statuses = [post(clients[number % 6], {"code": "GUESS"}).status_code for number in range(101)]
        assert statuses == [400] * 100 + [429]

    def test_what_is_right_is_no_guess(self, api: APIClient, settings: Any) -> None:
        settings.RATE_LIMITS = {"redeem": "3/hour", "redeem_address": "3/hour"}
        for _ in range(5):
            assert post(api, {"code": make()}).status_code == 200
        assert [post(api, {"code": "GUESS"}).status_code for _ in range(4)] == [400, 400, 400, 429]


def path_of(response: Any) -> str:
    assert response.status_code == 302, response.content
    return str(response.headers["Location"])


class TestLink:
    def test_a_stranger_signs_up_and_redeems(self, client: Client, store: Any, db: None) -> None:
        code = make(tokens=500, pattern="HJ3K-????-????")
        first = client.get(f"/redeem?code={code.lower()}&qr=DEMO")
        assert path_of(first) == "/redeem?qr=DEMO"
        assert first.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in first.headers["Cache-Control"]
        kept = first.cookies["voucher"]
        assert (kept["httponly"], kept["samesite"], kept["max-age"], kept["path"]) == (True, "Lax", 3600, "/")
        page = client.get("/redeem")
        assert code in page.content.decode()
        # What follows the sign-up is in the page's link, without the code.
        assert "/accounts/signup?next=%2Fredeem" in page.content.decode()
        assert code not in page.content.decode().replace(f'<p class="dash-code">{code}</p>', "")
        form = {"username": "new", "password1": "a long password", "password2": "a long password", "next": "/redeem"}
        assert path_of(client.post("/accounts/signup", form)) == "/redeem"
        asked = client.get("/redeem").content.decode()
        assert f'value="{code}"' in asked
        assert state_of(code) == (0, []), "only the reader's own POST redeems"
        done = client.post("/redeem", {"code": code})
        assert path_of(done) == "/dashboard"
        assert done.cookies["voucher"].value == ""
        assert "500 tokens were added." in client.get("/dashboard").content.decode()
        assert state_of(code) == (1, ["granted"])

    def test_log_in(self, client: Client, user: User) -> None:
        code = make()
        client.get(f"/fr/redeem?code={code}")
        page = client.get("/fr/redeem").content.decode()
        assert "/fr/accounts/login?next=/fr/redeem" in page
        form = {"username": "ada", "password": "correct horse battery", "next": "/fr/redeem"}
        assert path_of(client.post("/fr/accounts/login", form)) == "/fr/redeem"
        assert f'value="{code}"' in client.get("/fr/redeem").content.decode()

    @pytest.mark.parametrize("method", ["get", "head"])
    def test_opening_it_redeems_nothing(self, client: Client, user: User, method: str) -> None:
        code = make()
        client.force_login(user)
        assert path_of(getattr(client, method)(f"/redeem?code={code}")) == "/redeem"
        assert client.get("/redeem").status_code == 200
        assert state_of(code) == (0, [])

    @pytest.mark.parametrize(
        "code",
        ["", "%00", "%0d%0aSet-Cookie:x=y", "<script>", "a;b", "é", "x" * 500, "%22quoted%22", "ab cd-ef%E2%80%91gh"],
    )
    def test_no_code_breaks_the_cookie(self, client: Client, store: Any, db: None, code: str) -> None:
        answer = client.get(f"/redeem?code={code}")
        assert path_of(answer) == "/redeem"
        assert set(answer.cookies) <= {"voucher"}
        value = answer.cookies["voucher"].value if answer.cookies else ""
        assert set(value) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
        assert client.get("/redeem").status_code == 200

    @pytest.mark.parametrize("value", ["<b>", '"', "x" * 3000, "\u00e9"])
    def test_a_cookie_of_somebody_else_s_making(self, client: Client, user: User, value: str) -> None:
        client.cookies["voucher"] = value
        assert client.get("/redeem").status_code == 200
        client.force_login(user)
        assert client.get("/redeem").status_code == 200

    def test_a_log_in_page_whose_address_has_a_query(self, client: Client, store: Any, db: None, settings: Any) -> None:
        settings.LOGIN_URL = "/enter?by=mail"
        assert 'href="/enter?by=mail&amp;next=/redeem"' in client.get("/redeem").content.decode()

    def test_a_session_that_ended_keeps_what_was_entered(self, client: Client, store: Any, db: None) -> None:
        code = make()
        answer = client.post("/redeem", {"code": code})
        assert path_of(answer) == "/redeem"
        assert code in client.get("/redeem").content.decode()


class TestPage:
    @pytest.fixture
    def own(self, client: Client, user: User) -> Client:
        client.force_login(user)
        return client

    def test_the_dashboard_has_the_form_where_there_is_a_code_to_redeem(self, own: Client) -> None:
        assert 'name="code"' not in own.get("/dashboard").content.decode()
        code = make()
        assert 'name="code"' in own.get("/dashboard").content.decode()
        own.post("/redeem", {"code": code})
        assert 'name="code"' not in own.get("/dashboard").content.decode()

    @pytest.mark.parametrize(
        ("terms", "said"),
        [
            (None, "This code is not known."),
            ({"valid_until": utc_now() - DAY}, "This code has ended"),
            ({"valid_from": utc_now() + DAY}, "This code can be redeemed from"),
            ({"account_days": 7}, "This code is for users who signed up in the last 7 days."),
            ({"account_days": 1}, "This code is for users who signed up in the last day."),
        ],
    )
    def test_it_says_why_not(self, own: Client, terms: dict[str, Any] | None, said: str) -> None:
        User.objects.update(date_joined=utc_now() - 30 * DAY)
        code = make(**terms) if terms else "NEVER-MADE"
        answer = own.post("/redeem", {"code": code})
        assert answer.status_code == 400
        assert said in answer.content.decode()
        # It can be corrected.
        assert f'value="{code}"' in answer.content.decode()

    def test_used(self, own: Client, other: User) -> None:
        code = make(max_uses=2)
        own.post("/redeem", {"code": code})
        assert "You have redeemed this code already." in own.post("/redeem", {"code": code}).content.decode()
        single = make()
        post(client_of(other), {"code": single})
        assert "This code is used up." in own.post("/redeem", {"code": single}).content.decode()

    @pytest.mark.parametrize("entered", ["", "---", "?", "x" * 500])
    def test_what_can_be_no_code_is_no_guess(self, own: Client, settings: Any, entered: str) -> None:
        settings.RATE_LIMITS = {"redeem": "1/hour"}
        for _ in range(3):
            assert own.post("/redeem", {"code": entered}).status_code == 400

    def test_too_many(self, own: Client, settings: Any) -> None:
        settings.RATE_LIMITS = {"redeem": "1/hour"}
        own.post("/redeem", {"code": "GUESS"})
        answer = own.post("/redeem", {"code": "GUESS"})
        assert answer.status_code == 429
        assert "Try again in 60 minutes." in answer.content.decode()
        assert int(answer.headers["Retry-After"]) > 3500

    def test_while_the_store_is_away_the_code_is_kept(self, own: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        code = make()
        with monkeypatch.context() as away:
            away.setattr("usertokens.services.purchases.grant_tokens_script.run", _away)
            answer = own.post("/redeem", {"code": code})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        text = answer.content.decode()
        assert "It is kept, and nothing is lost: try again in a minute." in text
        assert f'value="{code}"' in text
        assert f'value="{code}"' in own.get("/redeem").content.decode()
        assert own.post("/redeem", {"code": code}).status_code == 302

    def test_the_data_are_not_half_a_file_while_the_store_is_away(self, own: Client, monkeypatch: Any) -> None:
        monkeypatch.setattr("usertokens.views.accounts.export_user", _away)
        answer = own.get("/accounts/data")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert "Content-Disposition" not in answer.headers
        assert 'href="/accounts/data">Try again' in answer.content.decode()

    def test_the_site_says_what_it_keeps_in_the_browser(self, client: Client, store: Any, db: None) -> None:
        assert "<code>voucher</code>" in client.get("/cookies").content.decode()

    def test_a_next_has_no_code(self, client: Client, store: Any, db: None) -> None:
        client.get(f"/redeem?code={make()}")
        page = client.get("/redeem").content.decode()
        links = [part.partition('"')[0] for part in page.split('href="') if "next=" in part.partition('"')[0]]
        assert links
        for link in links:
            assert parse_qs(urlsplit(link).query)["next"] == ["/redeem"]
