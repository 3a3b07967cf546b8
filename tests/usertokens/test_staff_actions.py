"""What staff do for a user in the admin: asked first, done once, with a reason, by whoever may, and in the log."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connections
from django.test import Client

from usertokens.models import StaffAction
from usertokens.services import balances, dashboards, holds, plans

pytestmark = pytest.mark.django_db
FIELDS = {"key": "k1", "reason": "a mistake"}
#: Each action, what its form says, and the balance that it leaves of 100.
ACTIONS: dict[str, tuple[dict[str, Any], int]] = {
    "grant": ({"amount": 50}, 150),
    "adjust": ({"amount": -20}, 80),
    "spend": ({"amount": 30}, 70),
    "plan": ({"plan": "Plus"}, 1000),
    "release": ({}, 100),
    "reset": ({}, 100),
}
NEEDS = {
    "grant": "manage_tokens", "adjust": "manage_tokens", "spend": "act_for_any", "plan": "manage_tokens",
    "release": "act_for_any", "reset": "manage_tokens",
}  # fmt: skip


@pytest.fixture
def staff(store: Any, admin_client: Client) -> Client:
    return admin_client


def page(user: User) -> str:
    return f"/admin/usertokens/tokenledger/{user.pk}/"


def form(action: str, user: User) -> dict[str, Any]:
    """The fields of an action; of a release, with a hold to release."""
    sent = {**FIELDS, "action": action, **ACTIONS[action][0]}
    if action == "release":
        sent["hold"] = holds.hold_tokens(str(user.pk), 10, ttl_seconds=600, by_service=True).id
    return sent


def balance(user: User) -> int:
    return balances.get_balance(str(user.pk)).tokens.balance


@pytest.mark.parametrize("action", ACTIONS)
class TestEachAction:
    def test_it_is_asked_first(self, staff: Client, user: User, action: str) -> None:
        sent = form(action, user)
        before = balance(user)
        answer = staff.post(page(user), {**sent, "step": "ask"})
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "Are you sure?" in text
        assert balance(user) == before
        assert not LogEntry.objects.exists()
        # The page's own form does it.
        fields = dict(re.findall(r'name="(action|key|amount|plan|hold|reason)"[^>]*?value="([^"]*)"', text))
        assert {name: str(value) for name, value in sent.items()} == fields
        assert staff.post(page(user), fields).status_code == 302
        assert balance(user) == ACTIONS[action][1]

    def test_twice_does_it_once(self, staff: Client, user: User, action: str) -> None:
        sent = form(action, user)
        for _ in range(3):
            assert staff.post(page(user), sent).status_code == 302
        assert balance(user) == ACTIONS[action][1]
        assert LogEntry.objects.count() == StaffAction.objects.count() == 1
        assert "Nothing was done a second time" in staff.get(page(user)).content.decode()

    def test_it_is_in_the_log(self, staff: Client, user: User, action: str) -> None:
        staff.post(page(user), form(action, user))
        entry = LogEntry.objects.get()
        assert (entry.user.get_username(), entry.object_id) == ("admin", str(user.pk))
        assert entry.change_message.endswith(": a mistake")
        assert entry.get_admin_url() == f"{page(user)}change/"
        assert entry.change_message in staff.get(page(user)).content.decode()

    def test_who_may(self, store: Any, user: User, action: str) -> None:
        sent = form(action, user)
        for codename in ("act_for_any", "manage_tokens"):
            clerk = User.objects.create_user(codename, is_staff=True)
            clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_any", codename]))
            client = Client()
            client.force_login(clerk)
            before = balance(user)
            for step in ("ask", ""):
                status = client.post(page(user), {**sent, "step": step}).status_code
                assert (status == 403) == (codename != NEEDS[action]), (codename, step)
            if codename != NEEDS[action]:
                assert balance(user) == before

    def test_a_reason_is_required(self, staff: Client, user: User, action: str) -> None:
        sent = {**form(action, user), "reason": " "}
        before = balance(user)
        assert staff.post(page(user), sent).status_code == 200
        assert balance(user) == before
        # It is asked for on the page that asks.
        assert 'name="reason"' in staff.post(page(user), {**sent, "step": "ask"}).content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        {"action": "grant"}, {"action": "grant", "amount": "0"}, {"action": "spend", "amount": "-1"},
        {"action": "plan"}, {"action": "plan", "plan": "Nobody's"}, {"action": "release"},
        {"action": "release", "hold": "1-MQ"}, {"action": "spend", "amount": "999999"},
        {"action": "adjust", "amount": "0"}, {"action": "no such"}, {"action": "grant", "amount": "x"},
    ],
)  # fmt: skip
def test_what_is_refused_may_be_sent_again(staff: Client, user: User, sent: dict[str, Any]) -> None:
    for step in ("ask", ""):
        answer = staff.post(page(user), {**FIELDS, **sent, "step": step})
        assert answer.status_code == 200
    assert balance(user) == 100
    assert not LogEntry.objects.exists()
    assert staff.post(page(user), {**FIELDS, "action": "grant", "amount": 5}).status_code == 302
    assert balance(user) == 105


def test_a_plan_that_was_changed_since_is_not_set_again_by_the_back_button(staff: Client, user: User) -> None:
    sent = {**FIELDS, "action": "plan", "plan": "Plus"}
    staff.post(page(user), sent)
    plans.set_plan(str(user.pk), "Premium")
    staff.post(page(user), sent)
    assert dashboards.read_dashboard(str(user.pk)).stats.plan == "Premium"


def test_a_hold_that_has_ended(staff: Client, user: User) -> None:
    sent = form("release", user)
    holds.release_hold(str(user.pk), sent["hold"], by_service=True)
    answer = staff.post(page(user), sent)
    assert "This hold has ended" in answer.content.decode()


def test_the_holds_are_listed(staff: Client, user: User) -> None:
    holds.hold_tokens(str(user.pk), 10, ttl_seconds=600, reason="a film", by_service=True)
    text = staff.get(page(user)).content.decode()
    assert "Open holds" in text
    assert "a film" in text
    assert "a service" in text


def test_keys_are_of_one_user_and_one_member_of_staff(staff: Client, user: User, other: User) -> None:
    for one in (user, other):
        assert staff.post(page(one), {**FIELDS, "action": "grant", "amount": 5}).status_code == 302
    assert (balance(user), balance(other)) == (105, 105)


@pytest.mark.django_db(transaction=True)
def test_a_double_click(staff: Client, user: User) -> None:
    answers: list[int] = []

    def click() -> None:
        client = Client()
        client.force_login(User.objects.get(username="admin"))
        answers.append(client.post(page(user), {**FIELDS, "action": "plan", "plan": "Plus"}).status_code)
        connections.close_all()

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert answers == [302] * 4
    assert LogEntry.objects.count() == 1


def test_the_demo_account_has_a_page(staff: Client) -> None:
    text = staff.get("/admin/usertokens/tokenledger/test-user-id/").content.decode()
    assert "Act for this user" in text
    assert "Signed up" not in text
