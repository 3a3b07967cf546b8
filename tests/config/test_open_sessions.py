"""A user sees the own sessions and ends them; one of staff that is idle ends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from config.duties import clear_sessions
from config.models import OpenSession
from config.open_sessions import browser_family, list_sessions, note_session
from tests.site_client import SiteClient

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]
PASSWORD = "a ledger well set"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


def logged_in(name: str = "ada", agent: str = FIREFOX) -> SiteClient:
    client = SiteClient(headers={"user-agent": agent})
    answer = client.post("/accounts/login", {"username": name, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def is_open(client: SiteClient) -> bool:
    return client.get("/accounts/profile").status_code == 200


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD)


class TestSessions:
    def test_each_is_a_line_and_no_address_is_kept(self, ada: User) -> None:
        here, _ = logged_in(agent=CHROME), logged_in()
        page = here.get("/accounts/sessions").content.decode()
        assert page.count("<tr>") == 3
        assert page.index("Chrome (this one)") < page.index("Firefox")
        assert "127.0.0.1" not in "".join(str(row) for row in OpenSession.objects.values_list())

    def test_all_others_end_and_this_one_stays(self, ada: User) -> None:
        User.objects.create_user("bob", password=PASSWORD)
        here, there, old, bob = logged_in(), logged_in(), logged_in(agent=""), logged_in("bob")
        answer = here.post("/accounts/sessions", follow=True)
        assert "logged out everywhere else" in answer.content.decode()
        assert [is_open(client) for client in (here, there, old, bob)] == [True, False, False, True]

    def test_one_that_logged_out_is_no_line(self, ada: User) -> None:
        here, there = logged_in(), logged_in()
        there.post("/accounts/logout")
        assert here.get("/accounts/sessions").content.decode().count("<tr>") == 2

    def test_a_changed_password_keeps_one_line(self, ada: User) -> None:
        here, new = logged_in(), "another well set ledger"
        here.post(
            "/accounts/password", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}, follow=True
        )
        assert here.get("/accounts/sessions").content.decode().count("<tr>") == 2

    def test_one_of_before_is_noted_when_it_is_used(self, ada: User) -> None:
        here = SiteClient()
        here.force_login(ada)
        assert not OpenSession.objects.exists()
        here.get("/accounts/profile")
        assert OpenSession.objects.count() == 1

    def test_pages_for_all_stay_the_same_for_all(self, ada: User) -> None:
        here = SiteClient()
        here.force_login(ada)
        answer = here.get("/")
        assert "Cookie" not in answer.get("Vary", "")
        assert not OpenSession.objects.exists()

    def test_rows_of_sessions_that_are_gone_go_too(self, ada: User) -> None:
        logged_in()
        logged_in()
        Session.objects.all()[0].delete()
        while clear_sessions():
            pass
        assert OpenSession.objects.count() == 1


class TestIdle:
    def used(self, rf: Any, client: SiteClient, user: User, now: Any) -> Any:
        request = rf.get("/", headers={"user-agent": FIREFOX})
        request.session, request.user = client.session, user
        request.session.get("x")
        note_session(request, now=now)
        request.session.save()
        return request.session

    def test_one_of_staff_ends_after_twelve_hours_without_use(self, rf: Any) -> None:
        user = User.objects.create_superuser("ada", password=PASSWORD)
        client, now = logged_in(), timezone.now()
        ends = Session.objects.get().expire_date
        assert timedelta(hours=11, minutes=50) < ends - now <= timedelta(hours=12)
        assert list_sessions(user, None, now=now + timedelta(hours=13)) == []
        session = self.used(rf, client, user, now + timedelta(minutes=11))
        assert session.modified
        assert Session.objects.get().expire_date >= ends

    def test_a_users_lasts_as_ever(self, ada: User) -> None:
        logged_in()
        assert Session.objects.get().expire_date - timezone.now() > timedelta(days=13)

    def test_is_written_every_ten_minutes(
        self, rf: Any, ada: User, django_assert_num_queries: Callable[[int], Any]
    ) -> None:
        client = logged_in()
        request = rf.get("/")
        request.session, request.user = client.session, ada
        request.session.get("x")
        with django_assert_num_queries(0):
            note_session(request)


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        (FIREFOX, "Firefox"),
        (CHROME, "Chrome"),
        (CHROME + " Edg/140.0", "Edge"),
        (CHROME + " OPR/120.0", "Opera"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "Safari"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1", "Chrome"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_the_family_of_a_browser(agent: str, family: str) -> None:
    assert browser_family(agent) == family
