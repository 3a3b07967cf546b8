"""`GET /api/tokens/usage`: whose, of which days, in which shape; and what is kept of a user."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import reverse

from kv.days import local_day
from tests.usertokens.journals import write_entry
from usertokens.models import UserUsage
from usertokens.services import accounts, balances, directory, read_site_usage, read_usage
from usertokens.services.history import read_spending
from usertokens.services.journal import archive_journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.test import APIClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("midday")]
PATH = "/api/tokens/usage"


def walk() -> None:
    directory.copy_users(list(directory.iterate_accounts()))


@pytest.fixture
def used(store: Any, user: User, other: User) -> datetime:
    """ada: images today and two days ago, tokens of a model today, something without a name. bob: one image."""
    now = datetime.now(UTC)
    for at, tokens, action, quantity in (
        (now - timedelta(days=40), 500, "old", 1),
        (now - timedelta(days=2), 30, "image", 3),
        (now, 10, "image", 1),
        (now, 0, "gpt:input", 300),
        (now, 2, "gpt:input", 1700),
        (now, 3, "", 1),
    ):
        write_entry(store, str(user.pk), at, "spend", tokens, action=action, quantity=quantity)
    write_entry(store, str(other.pk), now, "capture", 20, action="image", quantity=2)
    return now


class TestOwn:
    @pytest.mark.parametrize("rolled", [False, True])
    def test_the_whole_answer(self, api: APIClient, used: datetime, *, rolled: bool) -> None:
        if rolled:
            walk()
        answer = api.get(f"{PATH}?days=3")
        today = local_day()
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json() == {
            "from": (today - timedelta(days=2)).isoformat(),
            "to": today.isoformat(),
            "total": 45,
            "actions": [
                {"action": "image", "count": 2, "quantity": 4, "spent": 40, "days": [30, 0, 10]},
                {"action": "", "count": 1, "quantity": 1, "spent": 3, "days": [0, 0, 3]},
                {"action": "gpt:input", "count": 2, "quantity": 2000, "spent": 2, "days": [0, 0, 2]},
            ],
        }

    def test_thirty_days_without_a_number(self, api: APIClient, used: datetime) -> None:
        body = api.get(PATH).json()
        assert date.fromisoformat(body["to"]) - date.fromisoformat(body["from"]) == timedelta(days=29)
        assert [len(one["days"]) for one in body["actions"]] == [30, 30, 30]
        assert api.get(f"{PATH}?days=366").json()["total"] == 545

    def test_nothing_used(self, api: APIClient) -> None:
        body = api.get(f"{PATH}?days=1").json()
        assert body == {"from": body["to"], "to": local_day().isoformat(), "total": 0, "actions": []}

    @pytest.mark.parametrize("days", ["0", "-1", "367", "x", "1.5", "1e2", "9" * 20])
    def test_a_wrong_number_of_days(self, api: APIClient, days: str) -> None:
        answer = api.get(PATH, {"days": days})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["days"])

    def test_reading_makes_no_account(self, api: APIClient, user: User, store: Any) -> None:
        store.flushall()
        api.get(PATH)
        assert store.keys(f"*{{{user.pk}}}*") == []

    def test_it_follows_what_is_spent(self, api: APIClient) -> None:
        for amount in (3, 4):
            api.post("/api/tokens/spend", {"amount": amount, "reason": "article"}, format="json")
        (row,) = api.get(f"{PATH}?days=1").json()["actions"]
        assert row == {"action": "", "count": 2, "quantity": 2, "spent": 7, "days": [7]}


class TestOthers:
    def test_who_may_see_whom(
        self, api: APIClient, permitted: Callable[..., APIClient], used: datetime, other: User
    ) -> None:
        another = {"days": "1", "userId": str(other.pk)}
        assert api.get(PATH, another).status_code == 403
        assert permitted("view_usage").get(PATH, another).status_code == 403
        assert permitted("view_any").get(PATH, another).json()["total"] == 20
        assert permitted("view_any", "act_for_any").get(PATH, {"userId": "999999"}).status_code == 404

    def test_who_may_see_the_site(self, api: APIClient, permitted: Callable[..., APIClient], used: datetime) -> None:
        assert api.get(PATH, {"userId": "*"}).status_code == 403
        assert permitted("view_any").get(PATH, {"userId": "*"}).status_code == 403
        assert permitted("manage_tokens").get(PATH, {"userId": "*"}).status_code == 403
        permitted_one = permitted("view_usage")
        for _ in range(2):
            body = permitted_one.get(PATH, {"userId": "*", "days": "3"}).json()
            assert [(one["action"], one["count"], one["quantity"], one["spent"]) for one in body["actions"]] == [
                ("image", 3, 6, 60), ("", 1, 1, 3), ("gpt:input", 2, 2000, 2),
            ]  # fmt: skip
            assert body["total"] == 65
            walk()

    def test_nobody_is_logged_in(self, client: Any, db: None) -> None:
        assert client.get(PATH).status_code == 401

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_it_is_read_alone(self, api: APIClient, method: str) -> None:
        assert getattr(api, method)(PATH, {}, format="json").status_code == 405

    def test_a_closed_account(self, api: APIClient, user: User) -> None:
        accounts.forget_user(str(user.pk))
        assert api.get(PATH).json()["code"] == "account_closed"

    def test_a_service_token(self, db: None) -> None:
        call_command("service_token", "reports", "--perm", "usertokens.view_usage", verbosity=0)
        assert User.objects.get(username="reports").has_perm("usertokens.view_usage")


class TestPython:
    def test_the_same(self, used: datetime, user: User) -> None:
        report = read_usage(str(user.pk), 3)
        assert (report.total, report.actions[0].days) == (45, (30, 0, 10))
        assert read_site_usage(3).total == 65

    @pytest.mark.parametrize("days", [0, 367, True, "3", 1.0])
    def test_wrong_days(self, store: Any, db: None, days: Any) -> None:
        with pytest.raises(ValueError, match="days"):
            read_usage("1", days)
        with pytest.raises(ValueError, match="days"):
            read_site_usage(days)


class TestPersonalData:
    def test_the_export_has_it(self, used: datetime, user: User, capsys: Any) -> None:
        walk()
        balances.spend_tokens(str(user.pk), 1)
        call_command("usertokens_export", str(user.pk))
        text = capsys.readouterr().out
        assert '"usage"' in text
        assert '"action": "image", "count": 1, "quantity": 3, "spent": 30' in text

    def test_it_goes_with_the_user(self, used: datetime, user: User) -> None:
        walk()
        accounts.delete_account(user)
        assert not UserUsage.objects.filter(user_id=str(user.pk)).exists()
        assert read_site_usage(3).total == 65


def test_its_address(db: None) -> None:
    assert reverse("usertokens_api:usage") == PATH


class TestDashboard:
    def test_actions_in_the_chart_and_a_table(self, used: datetime, user: User, client: Any) -> None:
        client.force_login(user)
        page = client.get("/dashboard").content.decode()
        assert page.index(">image</a>") < page.index("Without an action") < page.index(">gpt:input</a>")
        assert 'href="?days=30&amp;action=image#usage"' in page
        assert "kv-chart-key-front" not in page
        chosen = client.get("/dashboard?days=7&action=image").content.decode()
        assert 'class="kv-chart-key-front"></span> image' in chosen
        assert 'href="?days=7#usage" aria-current="true">image</a>' in chosen
        # The part that refreshes itself shows the same.
        assert 'data-hx-get="/dashboard?days=7&amp;action=image"' in chosen
        part = client.get("/dashboard?days=7&action=image", headers={"HX-Request": "true", "X-Page-User": str(user.pk)})
        assert 'class="kv-chart-key-front"></span> image' in part.content.decode()

    @pytest.mark.parametrize("archived", [False, True])
    def test_reasons_are_of_what_named_no_action(self, used: datetime, user: User, *, archived: bool) -> None:
        if archived:
            archive_journal(str(user.pk), older_than=None)
        today = local_day()
        spending = read_spending(str(user.pk), first=today - timedelta(days=2), last=today)
        assert (spending.total, [(one.tokens, one.times) for one in spending.reasons]) == (45, [(3, 1)])
        assert spending.has_actions
        before = today - timedelta(days=20)
        assert not read_spending(str(user.pk), first=before, last=today - timedelta(days=5)).has_actions

    @pytest.mark.parametrize("query", ["action=none", "action=%00", "action=%22%3E%3Cb%3E", "action="])
    def test_an_action_that_was_not_used(self, used: datetime, user: User, client: Any, query: str) -> None:
        client.force_login(user)
        page = client.get(f"/dashboard?{query}").content.decode()
        assert "kv-chart-key-front" not in page
        assert "<b>" not in page.split('id="newest"')[0].replace("<b>30</b>", "").split("kv-chart-points")[0]

    def test_without_actions_it_is_as_it_was(self, user: User, client: Any) -> None:
        client.force_login(user)
        balances.spend_tokens(str(user.pk), 3, reason="article")
        with patch("usertokens.views.overview.usage_between", side_effect=AssertionError("not read")):
            page = client.get("/dashboard").content.decode()
        assert "article" in page
        assert "Without an action" not in page
