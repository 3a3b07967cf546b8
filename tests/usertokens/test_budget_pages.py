"""The page on which users set budgets, the dashboard's section, and the admin's part."""

from __future__ import annotations

from datetime import datetime
from html import unescape
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client, override_settings
from django.urls import reverse

from kv.errors import StoreUnavailable
from usertokens.services import accounts, balances, budgets
from usertokens.services.exports import export_user
from usertokens.types import Caps

pytestmark = pytest.mark.django_db

URL = "/dashboard/budget"
ACTIONS = override_settings(TOKEN_ACTIONS={"image": 10, "gpt:input": "2/1000"})


@pytest.fixture
def client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def staff(store: Any, db: None) -> Client:
    chief = User.objects.create_superuser("chief", password="a long password")
    client = Client()
    client.force_login(chief)
    return client


def text(response: Any) -> str:
    return str(response.content.decode())


class TestOwn:
    @ACTIONS
    def test_set_see_and_remove(self, client: Client, user: User) -> None:
        assert "Set a budget" in text(client.get("/dashboard"))
        page = text(client.get(URL))
        assert 'name="actions.gpt:input.month"' in page
        answer = client.post(URL, {"day": "20", "month": "", "actions.image.day": "10"})
        assert (answer.status_code, answer["Location"]) == (302, "/dashboard")
        assert budgets.get_budget(str(user.pk)).own == {"": Caps(20), "image": Caps(10)}
        balances.spend_tokens(str(user.pk), action="image")
        dashboard = text(client.get("/dashboard"))
        assert "10 of 20 tokens used, 10 left." in dashboard
        assert "10 of 10 tokens used, 0 left." in dashboard
        assert "The next one begins on" in dashboard
        assert 'value="20"' in text(client.get(URL))
        client.post(URL, {})
        assert budgets.get_budget(str(user.pk)).own == {}

    @pytest.mark.parametrize("wrong", ["0", "-5", "1.5", "many", str(10**13)])
    def test_a_wrong_number_is_said_at_its_field(self, client: Client, user: User, wrong: str) -> None:
        answer = client.post(URL, {"day": wrong, "month": "7"})
        assert answer.status_code == 400
        assert 'href="#id_day"' in text(answer)
        assert f'value="{wrong}"' in text(answer)
        assert budgets.get_budget(str(user.pk)).own == {}

    @ACTIONS
    def test_an_error_names_its_action_with_the_language_s_colon(self, client: Client, user: User) -> None:
        assert "</a>: Enter a whole number." in text(client.post(URL, {"day": "x"}))
        page = text(client.post(f"/fr{URL}", {"actions.image.day": "x"}))
        assert ">image · Jetons par jour</a>\u00a0: Saisissez un nombre entier." in page

    def test_while_the_store_is_away_it_says_so(self, client: Client, user: User) -> None:
        with patch("usertokens.views.budget_page.budgets.get_budget", side_effect=StoreUnavailable("away")):
            answer = client.get(URL)
            assert answer.status_code == 200
            assert "counts can't be read just now" in unescape(text(answer))
            assert 'name="day"' not in text(answer)
            assert client.post(URL, {"day": "5"}).status_code == 503

    def test_what_staff_have_set_is_said(self, client: Client, user: User) -> None:
        budgets.set_budget(str(user.pk), month=50, by_staff=True)
        assert "the lower one holds" in text(client.get(URL))
        assert "We have set this budget for you." in text(client.get("/dashboard"))

    def test_too_often(self, client: Client) -> None:
        with override_settings(RATE_LIMITS={"budget": "1/hour"}):
            assert client.post(URL, {"day": "5"}).status_code == 302
            answer = client.post(URL, {"day": "6"})
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 0

    def test_anonymous_and_closed(self, client: Client, user: User) -> None:
        assert "/accounts/login" in Client().get(URL)["Location"]
        accounts.forget_user(str(user.pk))
        for answer in (client.get(URL), client.post(URL, {"day": "5"})):
            assert (answer.status_code, answer["Location"]) == (302, "/dashboard")

    def test_it_is_in_the_export(self, user: User) -> None:
        budgets.set_budget(str(user.pk), month=50)
        exported = export_user(str(user.pk))["budgets"]
        assert exported["own"] == {"": {"day": None, "month": 50}}
        assert isinstance(exported["own_changed_at"], datetime)


class TestAdmin:
    def test_staff_set_budgets_with_an_entry_in_the_log(self, staff: Client, user: User) -> None:
        page = reverse("admin:usertokens_user", args=[user.pk])
        budgets.set_budget(str(user.pk), day=5)
        assert 'value="Save budgets"' in text(staff.get(page))
        answer = staff.post(page, {"action": "budgets", "day": "", "month": "50"})
        assert answer.status_code == 302
        found = budgets.get_budget(str(user.pk))
        assert (found.own, found.staff) == ({"": Caps(5)}, {"": Caps(None, 50)})
        assert found.staff_changed_by == str(User.objects.get(username="chief").pk)
        shown = text(staff.get(page))
        assert "Set the budgets: month 50" in shown
        assert 'name="month" value="50"' in shown
        assert LogEntry.objects.get().object_id == str(user.pk)

    def test_a_wrong_number(self, staff: Client, user: User) -> None:
        page = reverse("admin:usertokens_user", args=[user.pk])
        answer = staff.post(page, {"action": "budgets", "day": "x"})
        assert answer.status_code == 200
        assert "errorlist" in text(answer)
        assert not LogEntry.objects.exists()

    def test_who_may_only_look_changes_nothing(self, user: User, store: Any) -> None:
        looker = User.objects.create_user("looker", is_staff=True)
        looker.user_permissions.set(Permission.objects.filter(codename="view_any"))
        client = Client()
        client.force_login(looker)
        page = reverse("admin:usertokens_user", args=[user.pk])
        budgets.set_budget(str(user.pk), day=5)
        shown = text(client.get(page))
        assert "Save budgets" not in shown
        assert "Budgets" in shown
        assert client.post(page, {"action": "budgets", "day": "9"}).status_code == 403
        assert budgets.get_budget(str(user.pk)).staff == {}
