"""Prices by action, from outside."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.usertokens.test_api_tokens import post


@pytest.fixture(autouse=True)
def _actions(settings: Any) -> None:
    settings.TOKEN_ACTIONS = {"article": 3, "tiny": "3/10"}
    settings.PLAN_ALLOWANCES = {"Free": 1000}


class TestApi:
    def test_spends(self, api: APIClient) -> None:
        answer = post(api, "tokens/spend", {"action": "article", "quantity": 2})
        assert (answer.status_code, answer.json()) == (
            200,
            {"success": True, "transaction_id": "2", "spent": 6, "balance": 994, "action": "article", "quantity": 2},
        )
        small = post(api, "tokens/spend", {"action": "tiny", "reason": "a word"}, key="k")
        assert (small.json()["spent"], small.json()["quantity"]) == (0, 1)
        assert post(api, "tokens/spend", {"action": "tiny", "reason": "a word"}, key="k").json() == small.json()
        assert post(api, "tokens/spend", {"action": "article", "reason": "a word"}, key="k").status_code == 409
        reasons = [entry["reason"] for entry in api.get("/api/tokens/transactions").json()["results"]]
        assert reasons[:2] == ["a word", "article"]

    def test_generations(self, api: APIClient) -> None:
        answer = post(api, "generations", {"action": "article"}).json()
        assert (answer["spent"], answer["generations"], answer["action"], answer["quantity"]) == (3, 1, "article", 1)

    def test_holds_and_captures(self, api: APIClient) -> None:
        hold = post(api, "tokens/holds", {"action": "article", "quantity": 5, "ttl_seconds": 60})
        assert hold.status_code == 201
        assert hold.json() | {"id": "", "expires_at": ""} == {
            "id": "", "amount": 15, "expires_at": "", "balance": 985, "action": "article", "quantity": 5
        }  # fmt: skip
        path = f"tokens/holds/{hold.json()['id']}/capture"
        refused = post(api, path, {"quantity": 1000})
        assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_tokens")
        taken = post(api, path, {"quantity": 6}, key="k")
        assert taken.json() | {"transaction_id": ""} == {
            "success": True, "transaction_id": "", "captured": 18, "balance": 982, "action": "article", "quantity": 6
        }  # fmt: skip
        assert post(api, path, {"quantity": 6}, key="k").json() == taken.json()
        assert post(api, path, {"quantity": 6}).status_code == 409

    def test_a_quantity_without_an_action(self, api: APIClient) -> None:
        hold = post(api, "tokens/holds", {"amount": 5, "ttl_seconds": 60, "reason": "x"}).json()
        answer = post(api, f"tokens/holds/{hold['id']}/capture", {"quantity": 5})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["quantity"])

    @pytest.mark.parametrize("path", ["tokens/spend", "tokens/holds", "generations"])
    @pytest.mark.parametrize(("body", "field"), [
        ({"action": "nobody"}, "action"), ({"action": ""}, "action"), ({"action": None}, "action"),
        ({"action": 3}, "action"), ({"action": "a" * 65}, "action"), ({"action": "article", "quantity": 0}, "quantity"),
        ({"action": "article", "quantity": "1"}, "quantity"), ({"action": "article", "quantity": 1.5}, "quantity"),
        ({"action": "article", "quantity": True}, "quantity"), ({"action": "article", "quantity": None}, "quantity"),
        ({"action": "article", "quantity": 10**12 + 1}, "quantity"), ({"TOKENS": 3, "quantity": 1}, "quantity"),
        ({"TOKENS": 3, "action": "article"}, "TOKENS"), ({"action": "article", "units": 3}, "units"),
    ])  # fmt: skip
    def test_what_is_refused(self, api: APIClient, path: str, body: dict[str, Any], field: str) -> None:
        tokens = "cost" if path == "generations" else "amount"
        body = {tokens if name == "TOKENS" else name: value for name, value in body.items()}
        needed: dict[str, Any] = {} if path == "generations" else {"reason": "x"}
        if path == "tokens/holds":
            needed["ttl_seconds"] = 60
        answer = post(api, path, {**needed, **body})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [tokens if field == "TOKENS" else field])
        assert api.get("/api/tokens").json()["balance"] == 1000

    def test_what_old_clients_miss_is_named_as_before(self, api: APIClient) -> None:
        assert sorted(post(api, "tokens/spend", {}).json()["errors"]) == ["amount", "reason"]
        assert sorted(post(api, "tokens/holds", {}).json()["errors"]) == ["amount", "reason", "ttl_seconds"]
        assert post(api, "generations", {}).json()["spent"] == 3
