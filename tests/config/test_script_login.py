"""Scripts that log in, sign up and log out: JSON in the place of pages and redirects."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.config.staff import PASSWORD, ada, code_of, device
from tests.site_client import SiteClient

__all__ = ["ada", "device"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

FRONT = "https://app.example"
LOGIN, SIGNUP, LOGOUT, CODE = "/accounts/login", "/accounts/signup", "/accounts/logout", "/accounts/second-factor"
BEA = {"username": "bea", "password": PASSWORD}


@pytest.fixture(autouse=True)
def _listed(settings: Any) -> None:
    settings.CORS_ORIGINS = [FRONT]
    settings.CSRF_TRUSTED_ORIGINS = [FRONT]


@pytest.fixture
def bea() -> User:
    return User.objects.create_user("bea", password=PASSWORD)


class Script:
    """A page of the front end, in one browser."""

    def __init__(self, origin: str = FRONT) -> None:
        self.client = SiteClient(enforce_csrf_checks=True, headers={"Origin": origin, "Accept": "application/json"})
        self.token = self.client.get("/api/csrf").json()["csrfToken"]

    def send(self, path: str, fields: dict[str, str] | None = None, *, token: str | None = None, **more: Any) -> Any:
        headers = {"X-CSRFToken": self.token if token is None else token}
        answer = self.client.post(path, fields or {}, headers=headers, **more)
        assert answer["Access-Control-Allow-Origin"] == FRONT
        assert answer["Access-Control-Allow-Credentials"] == "true"
        assert "no-store" in answer["Cache-Control"]
        return answer

    def who(self) -> tuple[int, str]:
        answer = self.client.get(LOGIN)
        return answer.status_code, answer.json().get("username") or answer.json()["code"]


class TestLogIn:
    def test_answers_who_it_is_and_the_new_token(self, bea: User) -> None:
        script = Script()
        assert script.who() == (401, "not_authenticated")
        answer = script.send(LOGIN, BEA)
        assert answer.status_code == 200
        body = answer.json()
        assert (body["user_id"], body["username"]) == (str(bea.pk), "bea")
        assert script.who() == (200, "bea")
        # The log-in made another secret: the new token is good, the old one is not.
        mood: dict[str, Any] = {"data": {"score": 8}, "content_type": "application/json"}
        assert script.client.patch("/api/mood", headers={"X-CSRFToken": body["csrfToken"]}, **mood).status_code == 200
        assert script.client.patch("/api/mood", headers={"X-CSRFToken": script.token}, **mood).status_code == 403

    @pytest.mark.parametrize(
        ("fields", "code", "names"),
        [
            ({}, "invalid_input", {"username", "password"}),
            ({"username": "bea"}, "invalid_input", {"password"}),
            ({"username": "bea", "password": "wrong"}, "invalid_login", {"body"}),
            ({"username": "nobody", "password": "wrong"}, "invalid_login", {"body"}),
        ],
    )
    def test_errors_are_those_of_the_form(self, fields: dict[str, str], code: str, names: set[str], bea: User) -> None:
        answer = Script().send(LOGIN, fields)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert answer.json()["errors"].keys() == names
        assert answer.json()["detail"]

    def test_speaks_the_language_of_the_address(self, bea: User) -> None:
        french = Script().send(f"/fr{LOGIN}", {"username": "bea", "password": "wrong"}).json()["detail"]
        assert french != Script().send(LOGIN, {"username": "bea", "password": "wrong"}).json()["detail"]
        assert Script().client.get(f"/fr{LOGIN}").json()["detail"] == "Personne n’est connecté."

    @pytest.mark.parametrize("token", ["", "x" * 64])
    def test_needs_the_token(self, token: str, bea: User) -> None:
        answer = Script().send(LOGIN, BEA, token=token)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")

    def test_is_refused_to_an_origin_that_is_not_listed(self, bea: User) -> None:
        script = Script("https://stranger.example")
        answer = script.client.post(LOGIN, BEA, headers={"X-CSRFToken": script.token})
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer

    @pytest.mark.usefixtures("bea")
    @pytest.mark.parametrize(
        ("kind", "body", "status", "code", "fields"),
        [
            ("application/json", '{"username": "bea", "password": "a ledger well set"}', 200, None, None),
            (
                "application/json; charset=utf-8",
                '{"username": "bea", "password": "a ledger well set"}',
                200,
                None,
                None,
            ),
            ("application/json", '{"username": "bea", "password": "wrong"}', 400, "invalid_login", {"body"}),
            ("application/json", '{"username": "bea"}', 400, "invalid_input", {"password"}),
            ("application/json", "{}", 400, "invalid_input", {"username", "password"}),
            (
                "application/json",
                '{"username": ["bea"], "password": 7}',
                400,
                "invalid_input",
                {"username", "password"},
            ),
            ("application/json", "[]", 400, "invalid_input", {"body"}),
            ("application/json", "null", 400, "invalid_input", {"body"}),
            ("application/json", "{", 400, "malformed_json", {"body"}),
            ("application/json", "\xff", 400, "malformed_json", {"body"}),
            ("text/plain", '{"username": "bea", "password": "a ledger well set"}', 415, "unsupported_media_type", None),
            ("application/xml", "<a/>", 415, "unsupported_media_type", None),
        ],
    )
    def test_bodies(self, kind: str, body: str, status: int, code: str | None, fields: set[str] | None) -> None:
        script = Script()
        headers = {"X-CSRFToken": script.token}
        answer = script.client.generic("POST", LOGIN, body.encode("latin-1"), content_type=kind, headers=headers)
        assert (answer.status_code, answer.json().get("code")) == (status, code)
        assert (answer.json().get("errors") or {}).keys() == (fields or set())

    @pytest.mark.parametrize("accept", ["*/*", "application/json, text/plain, */*", "application/json"])
    def test_whatever_the_script_accepts(self, accept: str, bea: User) -> None:
        """fetch sends */* unless it is told otherwise."""
        assert Script().send(LOGIN, BEA).status_code == 200
        script = Script()
        answer = script.client.post(LOGIN, BEA, headers={"X-CSRFToken": script.token, "Accept": accept})
        assert (answer.status_code, answer.json()["username"]) == (200, "bea")

    def test_a_form_that_leads_here_is_answered_with_pages(self, bea: User) -> None:
        script = Script()
        accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        answer = script.client.post(LOGIN, BEA | {"csrfmiddlewaretoken": script.token}, headers={"Accept": accept})
        assert answer.status_code == 302

    def test_twice_is_once_and_another_has_to_wait(self, bea: User) -> None:
        script = Script()
        script.token = script.send(LOGIN, BEA).json()["csrfToken"]
        assert script.send(LOGIN, BEA).status_code == 200
        answer = script.send(LOGIN, {"username": "cyd", "password": PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (409, "already_logged_in")
        assert script.who() == (200, "bea")

    def test_is_locked_after_too_many_tries(self, bea: User) -> None:
        script = Script()
        wrong = {"username": "bea", "password": "wrong"}
        answers = [script.send(LOGIN, wrong) for _ in range(10)]
        assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "rate_limited")
        assert int(answers[-1]["Retry-After"]) > 0

    def test_has_the_limits_of_the_page(self, settings: Any) -> None:
        settings.RATE_LIMITS = {"login": "1/minute"}
        script = Script()
        answers = [script.send(LOGIN, {"username": "bea", "password": "wrong"}) for _ in range(2)]
        assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "rate_limited")
        assert answers[-1]["Retry-After"]

    def test_pages_are_pages_still(self, bea: User) -> None:
        client = SiteClient()
        assert client.get(LOGIN, headers={"Accept": "text/html,application/json"})["Content-Type"].startswith(
            "text/html"
        )
        assert client.post(LOGIN, BEA).status_code == 302


class TestSignUp:
    FIELDS = {"username": "cyd", "password1": PASSWORD, "password2": PASSWORD}

    def test_makes_the_account_and_logs_in(self) -> None:
        script = Script()
        answer = script.send(SIGNUP, self.FIELDS)
        assert (answer.status_code, answer.json()["username"]) == (200, "cyd")
        assert script.who() == (200, "cyd")

    def test_names_the_fields(self, bea: User) -> None:
        answer = Script().send(SIGNUP, {"username": "bea", "password1": PASSWORD, "password2": "another"})
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid_input"
        assert answer.json()["errors"].keys() == {"username", "password2"}


class TestLogOut:
    def test_ends_the_session_and_gives_a_token(self, bea: User) -> None:
        script = Script()
        script.token = script.send(LOGIN, BEA).json()["csrfToken"]
        assert script.send(LOGOUT, token="").status_code == 403
        answer = script.send(LOGOUT)
        assert list(answer.json()) == ["csrfToken"]
        assert script.who() == (401, "not_authenticated")
        script.token = answer.json()["csrfToken"]
        assert script.send(LOGIN, BEA).status_code == 200


class TestStaff:
    def test_enter_their_code(self, ada: User, device: Any) -> None:
        script = Script()
        answer = script.send(LOGIN, {"username": "ada", "password": PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_required")
        assert answer.json()["url"] == f"http://testserver{CODE}"
        assert script.who() == (401, "second_factor_required")
        wrong = script.send(CODE, {"code": "none"})
        assert (wrong.status_code, wrong.json()["errors"].keys()) == (400, {"code"})
        assert script.client.get("/api/dashboard").status_code == 401

    def test_are_logged_in_by_it(self, ada: User, device: Any) -> None:
        script = Script()
        script.send(LOGIN, {"username": "ada", "password": PASSWORD})
        answer = script.send(CODE, {"code": code_of(device)})
        assert (answer.status_code, answer.json()["username"]) == (200, "ada")
        assert script.client.get("/api/dashboard").status_code == 200

    def test_without_a_log_in_before(self) -> None:
        answer = Script().send(CODE, {"code": "123456"})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    def test_who_have_to_set_it_up_are_told_where(self, ada: User, settings: Any) -> None:
        settings.STAFF_SECOND_FACTOR = "required"
        answer = Script().send(LOGIN, {"username": "ada", "password": PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_required")
        assert answer.json()["url"] == f"http://testserver{CODE}/settings"


class TestNext:
    """The page of the log-in leads back to a front end that linked to it."""

    @pytest.mark.parametrize("target", [FRONT, f"{FRONT}/", f"{FRONT}/account?a=1#b", f"{FRONT}?a", "/pay"])
    def test_may_be_a_listed_origin(self, target: str, bea: User) -> None:
        assert SiteClient().post(LOGIN, BEA | {"next": target})["Location"] == target
        client = SiteClient()
        client.force_login(bea)
        assert client.post(LOGOUT, {"next": target})["Location"] == target
        new = {"username": "dan", "password1": PASSWORD, "password2": PASSWORD, "next": target}
        assert SiteClient().post(SIGNUP, new)["Location"] == target

    @pytest.mark.parametrize(
        "target",
        [
            "http://app.example/",
            "https://app.example:8443/",
            "https://app.example.evil.example/",
            "https://app.example@evil.example/",
            "https://evil.example\\@app.example/",
            "https://app.example\\.evil.example/",
            "https:\\\\app.example/",
            "https:///app.example/",
            "https:app.example",
            "//app.example/",
            "\x01https://app.example/",
            " https://app.example/",
            "https://app.exam\nple/",
            "HTTPS://APP.EXAMPLE/",
            "javascript://app.example/%0aalert(1)",
            "https://evil.example/https://app.example/",
        ],
    )
    def test_may_be_no_other(self, target: str, bea: User) -> None:
        assert SiteClient().post(LOGIN, BEA | {"next": target})["Location"] == "/dashboard"
