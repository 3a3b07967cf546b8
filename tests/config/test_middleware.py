"""What every answer carries and what public pages must not; where requests are sent on to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.forms import DateField
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.formats import date_format, get_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext, override

from kv.moved import RemovedIn03Warning
from stats.services.figures import forget_figures
from tests.site_client import SiteClient

PUBLIC = ("/", "/pay", "/statistics", "/fr/", "/de/pay", "/es/statistics")
PAGES = (*PUBLIC, "/accounts/login", "/accounts/signup", "/admin/login/", "/nothing", "/api/docs")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    forget_figures()


@pytest.fixture
def client() -> SiteClient:
    return SiteClient()


class TestContentSecurityPolicy:
    @pytest.mark.parametrize("path", PAGES)
    def test_is_strict_on_every_page(self, path: str, client: SiteClient) -> None:
        policy = client.get(path)["Content-Security-Policy"]
        directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        assert directives["default-src"] == "'none'"
        assert directives["script-src"] == directives["style-src"] == "'self'"
        assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
        assert "unsafe" not in policy
        assert "nonce" not in policy
        assert "http" not in policy

    def test_holds_in_the_admin_too(self, admin_client: Any) -> None:
        for path in ("/admin/", "/admin/stats/statistics/", "/admin/auth/user/"):
            assert "unsafe" not in admin_client.get(path)["Content-Security-Policy"]


class TestHeaders:
    @pytest.mark.parametrize("path", [*PAGES, "/api/stats", "/healthz"])
    def test_do_not_let_a_browser_guess(self, path: str, client: SiteClient) -> None:
        answer = client.get(path)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "strict-origin-when-cross-origin"

    @pytest.mark.parametrize("path", PUBLIC)
    def test_of_public_pages_let_a_proxy_keep_them(self, path: str, client: SiteClient) -> None:
        answer = client.get(path)
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")
        assert "public" in answer["Cache-Control"]

    @pytest.mark.parametrize("path", ["/api/stats", "/api/usage", "/api/schema"])
    def test_of_the_api_speak_of_no_session(self, path: str, client: SiteClient) -> None:
        answer = client.get(path)
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")
        assert int(answer["Content-Length"]) == len(answer.content)


class TestEnglishPrefix:
    @pytest.mark.parametrize(
        ("path", "target"),
        [
            ("/en", "/"),
            ("/en/", "/"),
            ("/en/pay", "/pay"),
            ("/en/accounts/login?next=/pay", "/accounts/login?next=/pay"),
            ("/en?qr=DEMO", "/?qr=DEMO"),
            ("/en/?qr=DEMO&x=%20y", "/?qr=DEMO&x=%20y"),
            ("/en/en/pay", "/en/pay"),
        ],
    )
    def test_leads_to_the_page_without_it_and_keeps_the_query(self, path: str, target: str, client: SiteClient) -> None:
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, target)

    @pytest.mark.parametrize(
        "path",
        [
            "/en//evil.example",
            "/en///evil.example/x",
            "/en/%2F%2Fevil.example",
            "/en/%5Cevil.example",
            "/en/%5C%5Cevil.example",
            "/en/%2F%5Cevil.example",
            "/en/%09//evil.example",
            "/en/%20//evil.example",
            "/en/https://evil.example",
            "/en/%0A//evil.example",
        ],
    )
    def test_never_leaves_the_site(self, path: str, client: SiteClient) -> None:
        answer = client.get(path)
        if answer.status_code == 404:
            return
        target = answer["Location"]
        assert answer.status_code == 302
        assert target.startswith("/")
        assert not target.startswith(("//", "/\\", "/\t", "/\n"))
        assert "\n" not in target

    def test_is_no_word_that_merely_begins_so(self, client: SiteClient) -> None:
        assert client.get("/enormous").status_code == 404


class TestLanguages:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("DATE_FORMAT", "3 February 2026"),
            ("SHORT_DATE_FORMAT", "03/02/2026"),
            ("DATETIME_FORMAT", "3 February 2026, 16:05"),
            ("SHORT_DATETIME_FORMAT", "03/02/2026 16:05"),
            ("TIME_FORMAT", "16:05"),
            ("YEAR_MONTH_FORMAT", "February 2026"),
            ("MONTH_DAY_FORMAT", "3 February"),
        ],
    )
    def test_english_dates_are_british(self, name: str, text: str) -> None:
        assert date_format(datetime(2026, 2, 3, 16, 5), name) == text  # noqa: DTZ001 (only its digits matter)

    def test_english_weeks_begin_on_monday_and_days_are_read_before_months(self) -> None:
        assert get_format("FIRST_DAY_OF_WEEK") == 1
        assert DateField(localize=True).clean("03/02/2026") == date(2026, 2, 3)

    @pytest.mark.parametrize(("path", "code"), [("/", "en"), ("/fr/", "fr"), ("/de/pay", "de"), ("/es/pay", "es")])
    def test_stand_in_the_address(self, path: str, code: str, client: SiteClient) -> None:
        answer = client.get(path)
        assert f'<html lang="{code}"' in answer.content.decode()
        assert answer["Content-Language"] == code

    def test_do_not_depend_on_what_the_browser_likes_best(self, client: SiteClient) -> None:
        answer = client.get("/", headers={"Accept-Language": "fr"})
        assert answer["Content-Language"] == "en"

    def test_of_the_admin_are_four(self, admin_client: Any) -> None:
        said = set()
        for code, prefix in (("en", ""), ("fr", "/fr"), ("de", "/de"), ("es", "/es")):
            with override(code):
                word = gettext("Log out")
            said.add(word)
            assert word in admin_client.get(f"{prefix}/admin/").content.decode()
        assert len(said) == 4

    def test_a_thread_does_not_keep_that_of_the_request_before(self, client: SiteClient) -> None:
        client.get("/fr/")
        answer = client.post("/api/track-usage", {"tool": "unknown"}, content_type="application/json")
        assert answer.json()["errors"] == {"tool": ["This tool is not tracked here."]}


@pytest.mark.usefixtures("lane")
class TestHttps:
    @pytest.fixture(autouse=True)
    def _https(self, settings: Any) -> None:
        settings.SECURE_SSL_REDIRECT = True
        settings.SECURE_HSTS_SECONDS = 31_536_000

    @pytest.mark.parametrize("path", ["/", "/fr/pay?x=1", "/api/stats", "/admin/"])
    def test_is_where_everything_is_sent(self, path: str) -> None:
        answer = SiteClient().get(path)
        assert (answer.status_code, answer["Location"]) == (301, f"https://testserver{path}")

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_is_not_asked_of_probes(self, path: str) -> None:
        assert SiteClient().get(path).status_code == 200

    @pytest.mark.parametrize("path", ["/", "/api/stats"])
    def test_is_promised_for_a_year(self, path: str) -> None:
        answer: Any = SiteClient().get(path, secure=True)
        assert answer["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.usefixtures("lane")
class TestHosts:
    @pytest.mark.parametrize("path", ["/", "/api/stats", "/api/usage", "/accounts/login"])
    def test_of_others_are_refused(self, path: str, client: SiteClient) -> None:
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.usefixtures("lane")
class TestSessionCookie:
    """PostgreSQL refuses a text with NUL in it, and the error would be a 500 on every page that asks who is there."""

    @pytest.mark.parametrize("path", ["/accounts/login", "/admin/login/", "/api/usage"])
    def test_that_can_be_none_never_meets_the_database(
        self, path: str, client: SiteClient, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(0):
            answer = client.get(path, headers={"Cookie": 'sessionid="\\000aaaaaaaaaaaaaaaaaaaa"'})
        assert answer.status_code == 200

    def test_of_somebody_is_left_alone(self, admin_client: Any) -> None:
        assert admin_client.get("/admin/").status_code == 200

    def test_that_cannot_be_kept_after_the_view_is_a_503(
        self, client: SiteClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The log-in has gone well, and then the database is locked."""
        User.objects.create_user("ada", password="a ledger well set")

        def locked(*_: Any, **__: Any) -> None:
            raise OperationalError("database is locked")

        monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_response", locked)
        answer = client.post("/accounts/login", {"username": "ada", "password": "a ledger well set"})
        assert answer.status_code == 503
        assert answer["Retry-After"] == "1"


class TestNamesFromBefore:
    """Settings of a project may name the middleware as it was called in 0.1."""

    @pytest.mark.parametrize("name", ["ApiMiddleware", "KeptSessions", "LanguageOfAddress", "StaffAuthentication"])
    def test_that_moved_mean_the_same_class(self, name: str) -> None:
        with pytest.warns(RemovedIn03Warning, match="has moved"):
            assert import_string(f"config.middleware.{name}").__name__ == name

    def test_that_was_split_does_all_that_it_did(self) -> None:
        with pytest.warns(RemovedIn03Warning, match="is split"):
            middleware = import_string("config.middleware.StoreMiddleware")

        def view(request: Any) -> HttpResponse:
            assert request.META["HTTP_USER_AGENT"] == "a?b"
            return HttpResponse(headers={"Vary": "Cookie"})

        whole = middleware(view)
        answer = whole(RequestFactory().get("/", HTTP_USER_AGENT="a\0b"))
        assert answer["Cache-Control"] == "private, no-store"
        assert whole.process_exception(RequestFactory().get("/api/x"), OperationalError()).status_code == 503
        with pytest.raises(RequestDataTooBig):
            whole(RequestFactory().post("/", b"x" * 300_000, content_type="text/plain"))
