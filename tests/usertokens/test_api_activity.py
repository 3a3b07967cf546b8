"""The API of activity, from outside, and who may see and do what."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from rest_framework.test import APIClient

from tests.usertokens.conftest import client_of
from usertokens.models import Conversation

Permitted = Callable[..., APIClient]


class TestDashboard:
    def test_a_new_user(self, api: APIClient, user: User) -> None:
        page = api.get("/api/dashboard").json()
        tokens = page.pop("tokens")
        assert page == {
            "user_id": str(user.pk), "conversations": 0, "generations": 0, "mood_score": 0, "days_active": 1,
            "login_streak": 1, "longest_streak": 1, "recent_conversations": [], "plan": "Free",
        }  # fmt: skip
        assert (tokens["balance"], tokens["held"], tokens["debt"], tokens["allowance"]) == (100, 0, 0, 100)
        assert tokens["period_start"] < tokens["period_end"]

    @override_settings(DEBUG=True)
    def test_the_demo_account_of_developers(self, permitted: Permitted) -> None:
        page = permitted("view_any").get("/api/dashboard?userId=test-user-id").json()
        assert (page["user_id"], page["tokens"]["balance"]) == ("test-user-id", 1000)

    def test_the_demo_account(self, permitted: Permitted) -> None:
        page = permitted("view_any").get("/api/dashboard?userId=test-user-id").json()
        assert page["tokens"]["balance"] == 100

    def test_nobody_signed_in(self, store: Any, db: None) -> None:
        for path in ("dashboard", "tokens", "tokens/transactions"):
            assert APIClient().get(f"/api/{path}").status_code == 401


class TestMood:
    @pytest.mark.parametrize("score", [0, 10, 8.5, 0.1, 7])
    def test_is_kept(self, api: APIClient, score: float) -> None:
        assert api.patch("/api/mood", {"score": score}, format="json").json()["mood_score"] == score

    @pytest.mark.parametrize("score", [-0.1, 10.1, 8.55, "8", True, None, [8]])
    def test_is_none(self, api: APIClient, score: Any) -> None:
        assert api.patch("/api/mood", {"score": score}, format="json").status_code == 400
        assert api.get("/api/dashboard").json()["mood_score"] == 0


class TestPlan:
    def test_more_tokens_at_once(self, user: User, permitted: Permitted) -> None:
        answer = permitted("manage_tokens").patch(f"/api/plan?userId={user.pk}", {"plan": "Plus"}, format="json")
        assert (answer.json()["plan"], answer.json()["tokens"]["balance"]) == ("Plus", 1000)

    def test_fewer_from_the_next_period(self, user: User, permitted: Permitted) -> None:
        manager = permitted("manage_tokens")
        for plan in ("Plus", "Free", "Plus"):
            answer = manager.patch(f"/api/plan?userId={user.pk}", {"plan": plan}, format="json").json()
            assert (answer["plan"], answer["tokens"]["balance"]) == (plan, 1000)

    def test_nobody_raises_their_own(self, api: APIClient, user: User) -> None:
        for path in ("/api/plan", f"/api/plan?userId={user.pk}"):
            assert api.patch(path, {"plan": "Plus"}, format="json").status_code == 403
        assert api.get("/api/dashboard").json()["plan"] == "Free"

    def test_no_such_plan(self, user: User, permitted: Permitted) -> None:
        answer = permitted("manage_tokens").patch(f"/api/plan?userId={user.pk}", {"plan": "Gold"}, format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["plan"])


class TestChat:
    def test_counts_once(self, api: APIClient) -> None:
        number = str(uuid.uuid4())
        body = {"id": number, "summary": "first", "messages": [{"role": "user", "content": "hi"}]}
        first = api.post("/api/chat/save", body, format="json")
        assert (first.status_code, first.json()) == (201, {"id": number, "conversations": 1})
        again = api.post("/api/chat/save", {"id": number, "summary": "second"}, format="json")
        assert (again.status_code, again.json()) == (200, {"id": number, "conversations": 1})
        kept = Conversation.objects.get()
        assert (kept.summary, kept.messages) == ("second", [{"role": "user", "content": "hi"}])

    def test_the_newest_three(self, api: APIClient) -> None:
        ids = [api.post("/api/chat/save", {"summary": f"c{n}"}, format="json").json()["id"] for n in range(4)]
        api.post("/api/chat/save", {"id": ids[0], "summary": "moved?"}, format="json")
        page = api.get("/api/dashboard").json()
        assert page["conversations"] == 4
        assert [(one["id"], one["summary"]) for one in page["recent_conversations"]] == [
            (ids[3], "c3"), (ids[2], "c2"), (ids[1], "c1"),
        ]  # fmt: skip

    def test_two_users_may_have_the_same_id(self, api: APIClient, other: User) -> None:
        body = {"id": str(uuid.uuid4()), "summary": "mine"}
        assert api.post("/api/chat/save", body, format="json").status_code == 201
        assert client_of(other).post("/api/chat/save", body, format="json").status_code == 201

    @pytest.mark.parametrize(
        "body",
        [
            {}, {"summary": ""}, {"summary": "x" * 281}, {"summary": 3}, {"summary": "x", "id": "7"},
            {"summary": "x", "id": 5}, {"summary": "x", "messages": "no"},
        ],
    )  # fmt: skip
    def test_what_is_refused(self, api: APIClient, body: dict[str, Any]) -> None:
        assert api.post("/api/chat/save", body, format="json").status_code == 400
        assert api.get("/api/dashboard").json()["conversations"] == 0

    @override_settings(RATE_LIMITS={"chat_user": "2/hour"})
    def test_too_many_of_ones_own(self, api: APIClient, user: User, other: User, permitted: Permitted) -> None:
        def save(client: APIClient, **whom: str) -> int:
            return int(client.post("/api/chat/save", {"summary": "x", **whom}, format="json").status_code)

        assert [save(api) for _ in range(3)] == [201, 201, 429]
        assert save(client_of(other)) == 201
        service = permitted("act_for_any")
        assert [save(service, userId=str(user.pk)) for _ in range(3)] == [201] * 3

    def test_a_mebibyte_is_the_most(self, api: APIClient) -> None:
        def save(size: int) -> int:
            messages = [{"role": "user", "content": "x" * size}]
            return int(api.post("/api/chat/save", {"summary": "x", "messages": messages}, format="json").status_code)

        assert (save(500_000), save(1_100_000)) == (201, 413)


READS = ["/api/dashboard", "/api/tokens", "/api/tokens/transactions"]
WRITES: dict[str, dict[str, Any]] = {
    "/api/generations": {},
    "/api/tokens/spend": {"amount": 1, "reason": "x"},
    "/api/tokens/holds": {"amount": 1, "ttl_seconds": 9, "reason": "x"},
    "/api/tokens/holds/1-x/capture": {},
    "/api/tokens/holds/1-x/release": {},
    "/api/tokens/add": {"amount": 1, "reason": "x"},
    "/api/tokens/reset": {},
    "/api/chat/save": {"summary": "x"},
}


class TestAnothersData:
    """Every address with another's id: refused, and nothing happens; nobody's id is not told from somebody's."""

    @pytest.mark.parametrize("path", READS)
    @pytest.mark.parametrize("nobody", [False, True])
    def test_reading(self, api: APIClient, other: User, path: str, *, nobody: bool) -> None:
        user_id = "999999" if nobody else str(other.pk)
        assert api.get(f"{path}?userId={user_id}").status_code == 403

    @pytest.mark.parametrize("path", ["/api/mood", "/api/plan"])
    def test_patching(self, api: APIClient, other: User, store: Any, path: str) -> None:
        before = _everything_of(store, other)
        body = {"score": 3, "plan": "Plus", "userId": str(other.pk)}
        assert api.patch(f"{path}?userId={other.pk}", body, format="json").status_code == 403
        assert _everything_of(store, other) == before

    @pytest.mark.parametrize("path", WRITES)
    def test_posting(self, api: APIClient, other: User, store: Any, path: str) -> None:
        before = _everything_of(store, other)
        answer = api.post(path, {**WRITES[path], "userId": str(other.pk)}, format="json")
        assert answer.status_code == 403
        assert _everything_of(store, other) == before
        assert Conversation.objects.count() == 0

    @pytest.mark.parametrize("path", WRITES)
    def test_an_id_in_the_query_of_a_post_names_nobody(
        self, api: APIClient, other: User, store: Any, path: str
    ) -> None:
        before = _everything_of(store, other)
        api.post(f"{path}?userId={other.pk}", WRITES[path], format="json")
        assert _everything_of(store, other) == before

    @pytest.mark.parametrize("permission", ["view_any", "act_for_any"])
    def test_a_permission_opens_its_own_doors_only(self, permitted: Permitted, other: User, permission: str) -> None:
        client = permitted(permission)
        reads = client.get(f"/api/tokens?userId={other.pk}").status_code
        spends = client.post("/api/generations", {"userId": str(other.pk)}, format="json").status_code
        plans = client.patch(f"/api/plan?userId={other.pk}", {"plan": "Plus"}, format="json").status_code
        assert (reads, spends, plans) == ((200, 403, 403) if permission == "view_any" else (403, 200, 403))

    @pytest.mark.parametrize("path", [path for path in WRITES if path not in ("/api/tokens/add", "/api/tokens/reset")])
    def test_named_in_the_query_of_a_post_is_not_taken_for_ones_own(
        self, permitted: Permitted, other: User, store: Any, path: str
    ) -> None:
        service, nobody = permitted("act_for_any"), permitted()
        before = {key: store.dump(key) for key in store.keys("user:*")}
        answer = service.post(f"{path}?userId={other.pk}", WRITES[path], format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["userId"])
        assert nobody.post(f"{path}?userId={other.pk}", WRITES[path], format="json").status_code == 403
        assert {key: store.dump(key) for key in store.keys("user:*")} == before

    def test_named_in_the_body_of_a_patch_is_not_taken_for_ones_own(self, permitted: Permitted, other: User) -> None:
        answer = permitted("act_for_any").patch("/api/mood", {"score": 5, "userId": str(other.pk)}, format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["userId"])

    def test_nobody_is_not_found(self, permitted: Permitted) -> None:
        assert permitted("view_any").get("/api/dashboard?userId=999999").status_code == 404

    def test_csrf_is_checked(self, user: User) -> None:
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(user)
        assert client.post("/api/generations", {}, format="json").status_code == 403


def _everything_of(store: Any, user: User) -> dict[bytes, bytes]:
    return {key: store.dump(key) for key in store.scan_iter(match=f"user:{{{user.pk}}}:*")}
