"""The API of tokens, from outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from tests.usertokens.conftest import client_of
from usertokens.services import resets
from usertokens.services.conversations import find_drifted
from usertokens.services.journal import archive_journal

Permitted = Callable[..., APIClient]


def post(client: APIClient, path: str, body: Any = None, key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"/api/{path}", body or {}, format="json", headers=headers)


class TestSpend:
    def test_takes_tokens(self, api: APIClient) -> None:
        answer = post(api, "tokens/spend", {"amount": 3, "reason": "article"})
        assert answer.status_code == 200
        assert answer.json() == {"success": True, "transaction_id": "2", "spent": 3, "balance": 97}

    def test_too_few_take_nothing(self, api: APIClient) -> None:
        answer = post(api, "tokens/spend", {"amount": 101, "reason": "article"}, key="k")
        assert answer.status_code == 402
        body = answer.json()
        assert body.pop("detail")
        assert body == {"success": False, "code": "insufficient_tokens", "balance": 100, "required": 101}
        assert api.get("/api/tokens").json()["balance"] == 100

    def test_a_refusal_is_not_remembered(self, api: APIClient, permitted: Permitted, user: User) -> None:
        assert post(api, "tokens/spend", {"amount": 101, "reason": "a"}, key="k").status_code == 402
        grant = {"userId": str(user.pk), "amount": 50, "reason": "gift"}
        assert post(permitted("manage_tokens"), "tokens/add", grant).status_code == 200
        assert post(api, "tokens/spend", {"amount": 101, "reason": "a"}, key="k").json()["balance"] == 49

    def test_the_same_key_answers_the_same(self, api: APIClient) -> None:
        first = post(api, "tokens/spend", {"amount": 3, "reason": "article"}, key="k").json()
        assert post(api, "tokens/spend", {"amount": 3, "reason": "article"}, key="k").json() == first
        assert api.get("/api/tokens").json()["balance"] == 97

    @pytest.mark.parametrize("body", [{"amount": 4, "reason": "article"}, {"amount": 3, "reason": "other"}])
    def test_the_same_key_with_another_body(self, api: APIClient, body: dict[str, Any]) -> None:
        post(api, "tokens/spend", {"amount": 3, "reason": "article"}, key="k")
        answer = post(api, "tokens/spend", body, key="k")
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")

    def test_the_same_key_on_another_address(self, api: APIClient) -> None:
        post(api, "tokens/spend", {"amount": 3, "reason": "x"}, key="k")
        assert post(api, "generations", {"cost": 3}, key="k").status_code == 409

    def test_keys_of_two_callers_are_two(self, api: APIClient, permitted: Permitted, user: User) -> None:
        body = {"amount": 3, "reason": "article"}
        post(api, "tokens/spend", body, key="k")
        answer = post(permitted("act_for_any"), "tokens/spend", {**body, "userId": str(user.pk)}, key="k")
        assert answer.json()["balance"] == 94

    @pytest.mark.parametrize("amount", ["3", 3.0, 2.5, True, 0, -1, 10**12 + 1, None])
    def test_amounts_that_are_none(self, api: APIClient, amount: Any) -> None:
        answer = post(api, "tokens/spend", {"amount": amount, "reason": "article"})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["amount"])

    @pytest.mark.parametrize("key", ["x" * 65, "ä"])
    def test_keys_that_are_none(self, api: APIClient, key: str) -> None:
        answer = api.post("/api/tokens/spend", {"amount": 3, "reason": "a"}, format="json", HTTP_IDEMPOTENCY_KEY=key)
        assert answer.status_code == 400


class TestGenerations:
    def test_costs_and_counts(self, api: APIClient) -> None:
        answer = post(api, "generations").json()
        assert (answer["spent"], answer["balance"], answer["generations"]) == (3, 97, 1)
        assert post(api, "generations", {"cost": 10}, key="g").json()["generations"] == 2
        assert post(api, "generations", {"cost": 10}, key="g").json()["generations"] == 2
        assert api.get("/api/dashboard").json()["generations"] == 2

    def test_too_few_count_nothing(self, api: APIClient) -> None:
        assert post(api, "generations", {"cost": 500}).status_code == 402
        assert api.get("/api/dashboard").json()["generations"] == 0


class TestAdd:
    def test_grants(self, user: User, permitted: Permitted) -> None:
        expires = timezone.now() + timedelta(days=3)
        body = {"userId": str(user.pk), "amount": 50, "reason": "gift", "expires_at": expires.isoformat()}
        answer = post(permitted("manage_tokens"), "tokens/add", body).json()
        assert answer == {"success": True, "transaction_id": "2", "added": 50, "balance": 150}
        grants = client_of(user).get("/api/tokens").json()["grants"]
        assert [(grant["left"], grant["source"]) for grant in grants] == [(100, "allowance"), (50, "given")]

    def test_the_past_is_refused(self, user: User, permitted: Permitted) -> None:
        body = {"userId": str(user.pk), "amount": 5, "reason": "x", "expires_at": "2020-01-01T00:00:00Z"}
        assert post(permitted("manage_tokens"), "tokens/add", body).status_code == 400

    def test_nobody(self, permitted: Permitted) -> None:
        client = permitted("manage_tokens")
        for user_id in ("999999", "nobody", "007", "{}"):
            body = {"userId": user_id, "amount": 5, "reason": "x"}
            assert post(client, "tokens/add", body).status_code == 404


class TestHolds:
    def test_capture_returns_the_rest(self, api: APIClient) -> None:
        made = post(api, "tokens/holds", {"amount": 40, "ttl_seconds": 60, "reason": "image"})
        assert made.status_code == 201
        hold = made.json()
        assert (hold["amount"], hold["balance"]) == (40, 60)
        assert api.get("/api/tokens").json()["held"] == 40
        ended = post(api, f"tokens/holds/{hold['id']}/capture", {"amount": 15}).json()
        assert (ended["captured"], ended["balance"]) == (15, 85)

    def test_release(self, api: APIClient) -> None:
        hold = post(api, "tokens/holds", {"amount": 40, "ttl_seconds": 60, "reason": "image"}).json()
        assert post(api, f"tokens/holds/{hold['id']}/release").json()["released"] == 40
        for ending in ("release", "capture"):
            again = post(api, f"tokens/holds/{hold['id']}/{ending}")
            assert (again.status_code, again.json()["code"]) == (409, "hold_ended")

    def test_a_repeated_ending_answers_the_same(self, api: APIClient) -> None:
        hold = post(api, "tokens/holds", {"amount": 40, "ttl_seconds": 60, "reason": "image"}, key="h").json()
        assert post(api, "tokens/holds", {"amount": 40, "ttl_seconds": 60, "reason": "image"}, key="h").json() == hold
        first = post(api, f"tokens/holds/{hold['id']}/capture", key="c").json()
        assert post(api, f"tokens/holds/{hold['id']}/capture", key="c").json() == first

    def test_more_than_held(self, api: APIClient) -> None:
        hold = post(api, "tokens/holds", {"amount": 40, "ttl_seconds": 60, "reason": "image"}).json()
        refused = post(api, f"tokens/holds/{hold['id']}/capture", {"amount": 101})
        assert refused.status_code == 402
        assert refused.json() | {"detail": ""} == {
            "success": False, "detail": "", "code": "insufficient_tokens", "balance": 60, "required": 61
        }  # fmt: skip
        assert api.get("/api/tokens").json()["held"] == 40
        taken = post(api, f"tokens/holds/{hold['id']}/capture", {"amount": 41}).json()
        assert (taken["captured"], taken["balance"]) == (41, 59)

    @pytest.mark.parametrize("name", ["x", "1", "1-", "-1", "1-abc", "99999999999999999999-a", "2-000000000000"])
    def test_nobodys(self, api: APIClient, name: str) -> None:
        assert post(api, f"tokens/holds/{name}/release").status_code == 404

    def test_the_hold_before_the_first_entry(self, api: APIClient, user: User) -> None:
        hold = post(api, "tokens/holds", {"amount": 40, "ttl_seconds": 60, "reason": "image"}).json()
        name = hold["id"].replace("2-", "0-", 1)
        assert post(api, f"tokens/holds/{name}/release").status_code == 404

    def test_anothers(self, api: APIClient, other: User) -> None:
        hold = post(api, "tokens/holds", {"amount": 40, "ttl_seconds": 60, "reason": "image"}).json()
        stranger = client_of(other)
        post(stranger, "tokens/holds", {"amount": 40, "ttl_seconds": 60, "reason": "image"})
        assert post(stranger, f"tokens/holds/{hold['id']}/release").status_code == 404
        assert stranger.get("/api/tokens").json()["held"] == 40

    def test_a_services_is_ended_by_a_service(self, api: APIClient, user: User, permitted: Permitted) -> None:
        service, whom = permitted("act_for_any"), {"userId": str(user.pk)}
        hold = post(service, "tokens/holds", {"amount": 4, "ttl_seconds": 60, "reason": "image", **whom}).json()
        assert post(api, f"tokens/holds/{hold['id']}/release").status_code == 403
        assert post(service, f"tokens/holds/{hold['id']}/release", whom).status_code == 200

    @pytest.mark.parametrize("ending", ["capture", "release"])
    def test_a_service_ends_one_by_its_id_alone(
        self, api: APIClient, user: User, other: User, permitted: Permitted, ending: str
    ) -> None:
        service = permitted("act_for_any")
        body = {"amount": 4, "ttl_seconds": 60, "reason": "image", "userId": str(user.pk)}
        path = f"tokens/holds/{post(service, 'tokens/holds', body).json()['id']}/{ending}"
        assert post(client_of(other), path).status_code == 404
        assert post(permitted("manage_tokens"), path).status_code == 404
        assert post(service, path, {"userId": str(other.pk)}).status_code == 404
        ended = post(service, path)
        assert (ended.status_code, ended.json()["balance"]) == (200, 96 if ending == "capture" else 100)
        assert post(service, path).status_code == 409
        assert service.get("/api/tokens").json()["balance"] == 100

    @pytest.mark.parametrize("hold_id", ["1-", "1-NQ==", "1-NR", "01-NQ", "0-NQ", "-NQ", "1", "9-_w", "9" * 16 + "-NQ"])
    def test_what_is_no_holds_id(self, api: APIClient, permitted: Permitted, hold_id: str) -> None:
        for caller in (api, permitted("act_for_any")):
            assert post(caller, f"tokens/holds/{hold_id}/release").status_code == 404

    @pytest.mark.parametrize("seconds", [0, 86401, "60", 1.5])
    def test_lives_that_are_none(self, api: APIClient, seconds: Any) -> None:
        answer = post(api, "tokens/holds", {"amount": 4, "ttl_seconds": seconds, "reason": "x"})
        assert answer.status_code == 400

    @override_settings(RATE_LIMITS={"hold": "2/day"})
    def test_too_many_of_ones_own(
        self, api: APIClient, user: User, other: User, permitted: Permitted, store: Any
    ) -> None:
        body = {"amount": 1, "ttl_seconds": 60, "reason": "image"}
        for _ in range(2):
            hold = post(api, "tokens/holds", body)
            assert post(api, f"tokens/holds/{hold.json()['id']}/release").status_code == 200
        refused = post(api, "tokens/holds", body)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.headers["RateLimit-Policy"] == '"hold";q=2;w=86400'
        assert int(refused.headers["Retry-After"]) > 86000
        assert api.get("/api/tokens").json()["held"] == 0
        # Not by address, not on spending, and not for a service, whether for a user or for itself.
        assert post(client_of(other), "tokens/holds", body).status_code == 201
        assert post(api, "tokens/spend", {"amount": 1, "reason": "x"}).status_code == 200
        service = permitted("act_for_any")
        for whom in ({}, {"userId": str(user.pk)}):
            assert [post(service, "tokens/holds", {**body, **whom}).status_code for _ in range(3)] == [201] * 3


class TestTransactions:
    def test_pages_without_a_seam(self, api: APIClient) -> None:
        for number in range(5):
            post(api, "tokens/spend", {"amount": number + 1, "reason": f"r{number}"})
        seen: list[dict[str, Any]] = []
        before = ""
        while True:
            page = api.get(f"/api/tokens/transactions?limit=2{before}").json()
            seen += page["results"]
            if page["next"] is None:
                break
            before = f"&before={page['next']}"
        assert [entry["amount"] for entry in seen] == [-5, -4, -3, -2, -1, 100]
        assert [entry["balance_after"] for entry in seen] == [85, 90, 94, 97, 99, 100]
        assert set(seen[0]) == {"id", "at", "type", "amount", "balance_after", "reason"}

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "before=x", "before=-1"])
    def test_pages_that_are_none(self, api: APIClient, query: str) -> None:
        assert api.get(f"/api/tokens/transactions?{query}").status_code == 400


class TestReset:
    def test_as_on_the_first_day(self, api: APIClient, user: User, permitted: Permitted) -> None:
        manager = permitted("manage_tokens")
        post(api, "generations")
        post(api, "chat/save", {"summary": "hello"})
        answer = post(manager, "tokens/reset", {"userId": str(user.pk)})
        assert answer.status_code == 200
        page = api.get("/api/dashboard").json()
        assert (page["conversations"], page["generations"], page["tokens"]["balance"]) == (0, 0, 100)
        kinds = [entry["type"] for entry in api.get("/api/tokens/transactions").json()["results"]]
        assert kinds == ["allowance", "reset", "spend", "allowance"]

    def test_the_same_key_again(self, api: APIClient, user: User, permitted: Permitted) -> None:
        manager, body = permitted("manage_tokens"), {"userId": str(user.pk)}
        post(api, "chat/save", {"summary": "before"})
        first = post(manager, "tokens/reset", body, key="r")
        assert first.json() == api.get("/api/dashboard").json()
        saved = post(api, "chat/save", {"summary": "after"}).json()["id"]
        post(api, "generations")
        again = post(manager, "tokens/reset", body, key="r")
        assert (again.status_code, again.json()) == (200, first.json())
        assert post(api, "chat/save", {"id": saved, "summary": "after"}).json() == {"id": saved, "conversations": 1}
        page = api.get("/api/dashboard").json()
        assert (page["conversations"], page["generations"], page["tokens"]["balance"]) == (1, 1, 97)

    def test_a_reset_cut_short_is_ended_by_its_retry(
        self, api: APIClient, user: User, permitted: Permitted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        manager, body = permitted("manage_tokens"), {"userId": str(user.pk)}
        post(api, "chat/save", {"summary": "before"})
        with monkeypatch.context() as patch:
            patch.setattr(resets, "drop_conversations", lambda tally: None)
            post(manager, "tokens/reset", body, key="r")
        assert post(manager, "tokens/reset", body, key="r").status_code == 200
        assert find_drifted([str(user.pk)]) == []
        assert post(api, "chat/save", {"summary": "after"}).json()["conversations"] == 1

    def test_what_is_spent_behind_the_archiving_is_archived_too(
        self, api: APIClient, user: User, permitted: Permitted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive, spends = archive_journal, [{"amount": 7, "reason": "late"}]

        def then_spend(*args: Any, **kwargs: Any) -> int:
            archived = archive(*args, **kwargs)
            if spends:
                post(api, "tokens/spend", spends.pop())
            return archived

        monkeypatch.setattr(resets, "archive_journal", then_spend)
        assert post(permitted("manage_tokens"), "tokens/reset", {"userId": str(user.pk)}).status_code == 200
        entries = api.get("/api/tokens/transactions").json()["results"]
        assert [entry["amount"] for entry in entries] == [100, -93, -7, 100]

    def test_open_holds_stop_it(self, api: APIClient, user: User, permitted: Permitted) -> None:
        post(api, "tokens/holds", {"amount": 4, "ttl_seconds": 60, "reason": "x"})
        assert post(permitted("manage_tokens"), "tokens/reset", {"userId": str(user.pk)}).status_code == 409
        assert api.get("/api/tokens").json()["held"] == 4
