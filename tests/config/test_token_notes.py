"""Service tokens in the admin: of whom, how they end, when they were last used; and what that costs a call."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, patch

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from knox.models import AuthToken

from config import token_notes
from config.models import TokenNote
from tests.site_client import SiteClient
from tests.stats.callers import post, service_token

if TYPE_CHECKING:
    from collections.abc import Iterator

LIST = "/admin/knox/authtoken/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean(store: Any) -> Iterator[None]:
    token_notes.forget()
    yield
    token_notes.forget()


def call(token: str) -> int:
    return int(post(SiteClient(), "/api/stats/qr", {"amount_cents": 100, "id": "a"}, token=token).status_code)


def text(client: Client, query: str = "") -> str:
    answer = client.get(f"{LIST}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


class TestList:
    @pytest.mark.parametrize(
        ("root", "words"),
        [
            ("", ("Programs", "Add service token", "1 service token")),
            ("/fr", ("Programmes", "Ajouter jeton d’accès", "1 jeton d’accès")),
            ("/de", ("Programme", "Zugangs-Token hinzufügen", "1 Zugangs-Token")),
            ("/es", ("Programas", "Añadir token de acceso", "1 token de acceso")),
        ],
    )
    def test_speaks_the_readers_language(self, admin_client: Client, root: str, words: tuple[str, ...]) -> None:
        service_token("shop")
        shown = re.sub(r"<[^>]*>", " ", unescape(admin_client.get(f"{root}{LIST}").content.decode())).lower()
        assert [word for word in words if word.lower() not in shown] == []
        assert re.search("knox|auth token", shown) is None

    def test_name_ending_and_use(self, admin_client: Client) -> None:
        token = service_token("shop")
        page = text(admin_client)
        assert "shop" in page
        assert f"…{token[-8:]}" in page
        assert "not yet" in page
        assert token not in page
        assert call(token) in (200, 201)
        assert token_notes.write_uses() == 1
        page = text(admin_client)
        assert "not yet" not in page

    def test_a_token_from_before_gets_its_ending_with_its_next_use(self, admin_client: Client) -> None:
        token = service_token("shop")
        TokenNote.objects.all().delete()
        assert "–" in text(admin_client)
        call(token)
        token_notes.write_uses()
        assert f"…{token[-8:]}" in text(admin_client)

    def test_found_by_name_and_by_ending(self, admin_client: Client) -> None:
        tokens = {name: service_token(name) for name in ("shop", "watcher")}
        assert f"…{tokens['shop'][-8:]}" not in text(admin_client, "?q=watcher")
        for query in (
            "?q=shop",
            f"?q={tokens['shop'][-8:]}",
            f"?q={tokens['shop'][-4:]}",
            f"?q=…{tokens['shop'][-8:]}",
        ):
            page = text(admin_client, query)
            assert f"…{tokens['shop'][-8:]}" in page, query
            assert f"…{tokens['watcher'][-8:]}" not in page

    def test_valid_and_expired(self, admin_client: Client) -> None:
        token = service_token("shop")
        assert token[-8:] in text(admin_client, "?state=valid")
        AuthToken.objects.update(expiry=timezone.now() - timedelta(days=1))
        assert token[-8:] in text(admin_client, "?state=expired")
        assert token[-8:] not in text(admin_client, "?state=valid")

    @pytest.mark.parametrize("query", ["?state=x", "?p=abc", "?o=9.9", "?q=%00", "?o=4", "?o=-4"])
    def test_bad_queries(self, admin_client: Client, query: str) -> None:
        service_token("shop")
        assert admin_client.get(f"{LIST}{query}").status_code in (200, 302)

    def test_one_made_in_the_admin(self, admin_client: Client) -> None:
        user = User.objects.create_user("robot")
        answer = admin_client.post(f"{LIST}add/", {"user": user.pk}, follow=True)
        shown = answer.content.decode().partition("TOKEN ")[2][:64]
        assert f"…{shown[-8:]}" in answer.content.decode()

    def test_the_cost(self, admin_client: Client, django_assert_max_num_queries: Any) -> None:
        for number in range(20):
            service_token(f"shop{number}")
        text(admin_client)
        with django_assert_max_num_queries(10):
            text(admin_client)


class TestRevoke:
    def test_from_the_list(self, admin_client: Client) -> None:
        token, other = service_token("shop"), service_token("watcher", "stats.record_qr")
        page = text(admin_client)
        row = AuthToken.objects.get(user__username="shop")
        assert f'href="{LIST}{row.pk}/delete/"' in page
        admin_client.post(f"{LIST}{row.pk}/delete/", {"post": "yes"})
        assert call(token) == 401
        assert call(other) in (200, 201)

    def test_several(self, admin_client: Client) -> None:
        tokens = [service_token(f"shop{number}") for number in range(3)]
        chosen = list(AuthToken.objects.values_list("pk", flat=True)[:2])
        sent = {"action": "delete_selected", "_selected_action": chosen}
        assert "Are you sure" in admin_client.post(LIST, sent).content.decode()
        assert AuthToken.objects.count() == 3
        admin_client.post(LIST, {**sent, "post": "yes"})
        assert AuthToken.objects.count() == 1
        assert sorted(map(call, tokens))[1:] == [401, 401]

    def test_who_may_only_look_has_no_link(self, client: Client) -> None:
        service_token("shop")
        clerk = User.objects.create_user("clerk", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename="view_authtoken"))
        client.force_login(clerk)
        page = text(client)
        assert "/delete/" not in page
        assert "delete_selected" not in page

    def test_what_is_gone_is_tidied(self) -> None:
        service_token("shop")
        kept = service_token("watcher", "stats.record_qr")
        AuthToken.objects.filter(user__username="shop").delete()
        assert not token_notes.tidy_notes()
        assert [note.ending for note in TokenNote.objects.all()] == [kept[-8:]]


class TestCost:
    def test_a_use_is_noted_once_a_minute(self) -> None:
        token = service_token("shop")
        for _ in range(3):
            call(token)
        assert token_notes.write_uses() == 1
        call(token)
        assert token_notes.write_uses() == 0
        with patch("config.token_notes.time.monotonic", lambda: 10.0**9):
            call(token)
        assert token_notes.write_uses() == 1

    def test_a_call_asks_no_more_than_before(self) -> None:
        token = service_token("shop")
        asked = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                call(token)
            asked.append(len(queries))
            assert not [one for one in queries if "tokennote" in one["sql"]]
        assert asked[0] == asked[1]

    def test_a_refused_token_is_not_noted(self) -> None:
        token = service_token("shop")
        User.objects.filter(username="shop").update(is_active=False)
        assert call(token) == 401
        assert call("0" * 64) == 401
        assert token_notes.write_uses() == 0

    def test_a_database_that_is_away_stops_nobody(self, caplog: pytest.LogCaptureFixture) -> None:
        token = service_token("shop")
        assert call(token) in (200, 201)
        with (
            patch("config.token_notes.upsert_rows", side_effect=OperationalError("away")),
            patch("config.token_notes.connections"),
        ):
            token_notes._write_in_thread()
        assert "was not written" in caplog.text
        assert token not in caplog.text

    def test_many_threads_at_once(self) -> None:
        threads = [
            threading.Thread(target=token_notes.note_use, args=(f"digest{number % 5}", "x" * 64))
            for number in range(40)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert token_notes.write_uses() == 5

    def test_it_writes_by_itself_outside_of_tests(self) -> None:
        with (
            patch("config.token_notes.is_test_run", return_value=False),
            patch("config.token_notes.threading.Timer") as timer,
        ):
            token_notes.note_use("digest1", "x" * 64)
            token_notes.note_use("digest2", "x" * 64)
        assert timer.call_count == 1
        assert timer.return_value.daemon


def test_the_command_still_prints_the_token_alone(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("service_token", "shop", "--perm", "stats.record_qr")
    assert TokenNote.objects.get().ending == capsys.readouterr().out.strip()[-8:]


def test_without_a_thread_the_call_is_answered_and_the_next_use_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_notes, "is_test_run", lambda: False)
    timer = Mock(start=Mock(side_effect=RuntimeError("can't start new thread")))
    monkeypatch.setattr(threading, "Timer", Mock(return_value=timer))
    for _ in range(2):
        token_notes.note_use("a" * 64, "t" * 64)
    assert timer.start.call_count == 2
