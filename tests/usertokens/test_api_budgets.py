"""`/api/tokens/budget`, and how a spend over a budget is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import override_settings
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from kv.times import utc_now
from usertokens.services import balances

pytestmark = pytest.mark.django_db

URL = "/api/tokens/budget"
EMPTY: dict[str, Any] = {"day": None, "month": None, "actions": {}}
ACTIONS = override_settings(TOKEN_ACTIONS={"image": 10, "gpt:input": "2/1000"})


def put(api: APIClient, body: Any, query: str = "", **headers: str) -> Any:
    return api.put(f"{URL}{query}", body, format="json", headers=headers)


def top(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in EMPTY}


class TestOwn:
    def test_none_at_first(self, api: APIClient) -> None:
        answer = api.get(URL)
        assert (answer.status_code, answer.json()) == (200, {**EMPTY, "own": EMPTY, "staff": EMPTY, "in_force": []})
        assert answer["Cache-Control"] == "no-store"

    @ACTIONS
    def test_set_read_replace_remove(self, api: APIClient) -> None:
        wanted = {"day": 20, "month": None, "actions": {"image": {"day": None, "month": 30}}}
        answer = put(api, wanted)
        assert answer.status_code == 200
        assert top(answer.json()) == wanted
        assert top(api.get(URL).json()) == wanted
        assert put(api, wanted).status_code == 200
        assert top(put(api, {"actions": {"image": {"day": 5}}}).json()) == {
            **EMPTY, "actions": {"image": {"day": 5, "month": None}}
        }  # fmt: skip
        assert top(put(api, {"day": None}).json()) == EMPTY

    @ACTIONS
    def test_what_get_gave_can_be_sent_back(self, api: APIClient) -> None:
        put(api, {"day": 20, "actions": {"image": {"month": 30}}})
        given = api.get(URL).json()
        answer = put(api, {**given, "month": 90})
        assert answer.status_code == 200, answer.content
        assert top(answer.json()) == {**top(given), "month": 90}
        echo = {name: given[name] for name in ("own", "staff", "in_force")}
        assert put(api, echo).status_code == 400
        assert top(api.get(URL).json()) == {**top(given), "month": 90}

    def test_what_is_used_and_when_it_opens(self, api: APIClient, user: User) -> None:
        put(api, {"month": 50})
        balances.spend_tokens(str(user.pk), 20)
        (row,) = api.get(URL).json()["in_force"]
        opens_at = parse_datetime(row.pop("opens_at"))
        assert opens_at is not None
        assert opens_at > utc_now()
        assert row == {
            "budget": "month", "action": None, "period": "month", "limit": 50, "used": 20, "left": 30, "set_by": "user",
        }  # fmt: skip

    @ACTIONS
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"day": 0}, "day"),
            ({"day": -1}, "day"),
            ({"day": 1.5}, "day"),
            ({"day": "10"}, "day"),
            ({"day": True}, "day"),
            ({"month": 10**12 + 1}, "month"),
            ({"week": 10}, "week"),
            ({"userId": "1"}, "userId"),
            ({"actions": None}, "actions"),
            ({"actions": []}, "actions"),
            ({"actions": {"video": {"day": 1}}}, "actions.video"),
            ({"actions": {"": {"day": 1}}}, "actions."),
            ({"actions": {"image": 5}}, "actions.image"),
            ({"actions": {"image": None}}, "actions.image"),
            ({"actions": {"image": {"day": "1"}}}, "actions.image.day"),
            ({"actions": {"image": {"week": 1}}}, "actions.image.week"),
            ([], "body"),
            ({}, "day"),
        ],
    )
    def test_a_wrong_body(self, api: APIClient, body: Any, field: str) -> None:
        put(api, {"day": 7})
        answer = put(api, body)
        assert answer.status_code == 400, answer.content
        assert answer.json()["code"] == "invalid_input"
        assert any(name.startswith(field) for name in answer.json()["errors"]), answer.json()
        assert api.get(URL).json()["day"] == 7

    def test_an_idempotency_key(self, api: APIClient) -> None:
        first = put(api, {"day": 7}, **{"Idempotency-Key": "k"})
        assert put(api, {"day": 7}, **{"Idempotency-Key": "k"}).json() == first.json()
        assert put(api, {"day": 8}, **{"Idempotency-Key": "k"}).status_code == 409

    def test_anonymous_and_other_methods(self, store: Any) -> None:
        assert APIClient().get(URL).status_code == 401
        assert APIClient().put(URL, {}, format="json").status_code in (401, 403)

    def test_an_unknown_parameter_of_a_write(self, api: APIClient) -> None:
        assert put(api, {"day": 1}, "?user_id=5").status_code == 400


class TestStaff:
    def test_what_get_gave_them_can_be_sent_back(
        self, api: APIClient, user: User, permitted: Callable[..., APIClient]
    ) -> None:
        put(api, {"day": 20})
        staff = permitted("manage_tokens")
        query = f"?userId={user.pk}"
        put(staff, {"day": 50}, query)
        answer = put(staff, staff.get(f"{URL}{query}").json(), query)
        assert answer.status_code == 200, answer.content
        assert (answer.json()["own"]["day"], answer.json()["staff"]["day"]) == (20, 50)

    def test_they_set_their_own_above_the_users(
        self, api: APIClient, user: User, permitted: Callable[..., APIClient]
    ) -> None:
        staff = permitted("manage_tokens")
        put(api, {"day": 1000})
        answer = put(staff, {"day": 5}, f"?userId={user.pk}")
        assert (answer.status_code, top(answer.json())) == (200, {**EMPTY, "day": 5})
        mine = api.get(URL).json()
        assert (mine["day"], mine["staff"]["day"], mine["in_force"][0]["limit"]) == (1000, 5, 5)
        assert mine["in_force"][0]["set_by"] == "staff"
        put(api, EMPTY)
        assert api.post("/api/tokens/spend", {"amount": 6, "reason": "x"}, format="json").status_code == 402
        (line,) = LogEntry.objects.all()
        assert (line.object_id, line.get_change_message()) == (str(user.pk), "Set the budgets: day 5")
        put(staff, EMPTY, f"?userId={user.pk}")
        assert api.post("/api/tokens/spend", {"amount": 6, "reason": "x"}, format="json").status_code == 200
        assert LogEntry.objects.count() == 2

    @pytest.mark.parametrize("codenames", [(), ("view_any",), ("act_for_any",)])
    def test_others_may_not(self, user: User, permitted: Callable[..., APIClient], codenames: Any) -> None:
        other = permitted(*codenames)
        assert other.get(f"{URL}?userId={user.pk}").status_code == 403
        assert put(other, {"day": 5}, f"?userId={user.pk}").status_code == 403

    def test_an_unknown_user(self, permitted: Callable[..., APIClient]) -> None:
        staff = permitted("manage_tokens")
        assert staff.get(f"{URL}?userId=987654").status_code == 404
        assert put(staff, {"day": 5}, "?userId=987654").status_code == 404


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("spend", {"amount": 6, "reason": "x"}),
            ("holds", {"amount": 6, "reason": "x", "ttl_seconds": 60}),
        ],
    )
    def test_402_says_which_and_when_it_opens(self, api: APIClient, path: str, body: Any) -> None:
        put(api, {"day": 5, "month": 90})
        answer = api.post(f"/api/tokens/{path}", body, format="json")
        said = answer.json()
        assert (answer.status_code, said["code"], said["success"]) == (402, "budget_exceeded", False)
        assert (said["budget"], said["limit"], said["used"]) == ("day", 5, 0)
        opens_at = parse_datetime(said["opens_at"])
        assert opens_at is not None
        assert opens_at > utc_now()
        assert api.get("/api/tokens").json()["balance"] == 100

    def test_a_generation_and_a_capture_over_its_hold(self, api: APIClient) -> None:
        put(api, {"day": 5})
        assert api.post("/api/generations", {"cost": 6}, format="json").json()["code"] == "budget_exceeded"
        hold = api.post("/api/tokens/holds", {"amount": 2, "reason": "x", "ttl_seconds": 60}, format="json").json()
        over = api.post(f"/api/tokens/holds/{hold['id']}/capture", {"amount": 6}, format="json")
        assert (over.status_code, over.json()["code"]) == (402, "budget_exceeded")
        done = api.post(f"/api/tokens/holds/{hold['id']}/capture", {"amount": 5}, format="json")
        assert (done.status_code, done.json()["captured"]) == (200, 5)
