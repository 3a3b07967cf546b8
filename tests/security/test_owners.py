"""Things that have an owner: another's are out of reach, and whether they exist is not told."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from knox.models import AuthToken

from tests.billing.fixtures import buyer, scenario, shop, stripe
from tests.billing.scenario import Scenario
from tests.site_client import SiteClient
from usertokens.models import Conversation
from usertokens.services import balances

__all__ = ["buyer", "scenario", "shop", "stripe"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

HOLD = {"amount": 40, "ttl_seconds": 60, "reason": "article"}


@pytest.fixture(autouse=True)
def _quiet(settings: Any) -> None:
    settings.RATE_LIMITS = None


class ActionGroup:
    """A caller and what the API answers them: (status, body)."""

    def __init__(self, name: str, *permissions: str, is_service: bool = False) -> None:
        self.user = User.objects.create_user(name)
        self.user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        self.id = str(self.user.pk)
        self.client = SiteClient()
        if is_service:
            self.client.defaults["HTTP_AUTHORIZATION"] = f"Token {AuthToken.objects.create(self.user)[1]}"
        else:
            self.client.force_login(self.user)

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> tuple[int, dict[str, Any]]:
        answer = self.client.post(path, body or {}, content_type="application/json", headers=headers)
        return answer.status_code, answer.json()

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        answer = self.client.get(path)
        return answer.status_code, answer.json()

    @property
    def balance(self) -> int:
        return balances.get_balance(self.id).tokens.balance


@pytest.fixture
def ada() -> ActionGroup:
    return ActionGroup("ada")


@pytest.fixture
def eve() -> ActionGroup:
    return ActionGroup("eve")


class TestHold:
    @pytest.mark.parametrize("ending", ["capture", "release"])
    def test_of_another_is_not_there(self, ada: ActionGroup, eve: ActionGroup, ending: str) -> None:
        _, hold = ada.post("/api/tokens/holds", HOLD)
        path = f"/api/tokens/holds/{hold['id']}/{ending}"
        made_up = eve.post(f"/api/tokens/holds/{'0' * 8}-0000-4000-8000-{'0' * 12}/{ending}")
        assert eve.post(path) == made_up
        assert made_up[0] == 404
        assert eve.post(path, {"userId": ada.id})[0] == 403
        assert (ada.balance, eve.balance) == (60, 100)
        assert ada.post(path)[0] == 200

    @pytest.mark.parametrize("ending", ["capture", "release"])
    def test_made_by_a_service_is_ended_by_one(self, ada: ActionGroup, ending: str) -> None:
        service = ActionGroup("service", "act_for_any", is_service=True)
        _, hold = service.post("/api/tokens/holds", {**HOLD, "userId": ada.id})
        path = f"/api/tokens/holds/{hold['id']}/{ending}"
        status, body = ada.post(path)
        assert (status, body["code"]) == (403, "hold_of_service")
        for permissions in ((), ("view_any",), ("manage_tokens",), ("view_any", "manage_tokens")):
            other = ActionGroup(f"other-{'-'.join(permissions)}", *permissions, is_service=True)
            assert other.post(path, {"userId": ada.id})[0] == 403
        assert ada.balance == 60
        assert service.post(path, {"userId": ada.id})[0] == 200

    @pytest.mark.parametrize("hold_id", ["%00", "*", "..%2f..", "x" * 500, "{1}", "%0d%0a", "é", "1 2"])
    def test_of_a_made_up_name_is_not_there(self, ada: ActionGroup, hold_id: str) -> None:
        assert ada.client.post(
            f"/api/tokens/holds/{hold_id}/capture", {}, content_type="application/json"
        ).status_code in (
            400,
            404,
        )


class TestHistory:
    def test_of_another_is_not_shown(self, ada: ActionGroup, eve: ActionGroup) -> None:
        ada.post("/api/tokens/spend", {"amount": 1, "reason": "a secret reason"})
        assert eve.get(f"/api/tokens/transactions?userId={ada.id}")[0] == 403
        _, mine = ada.get("/api/tokens/transactions?limit=1")
        status, page = eve.get(f"/api/tokens/transactions?before={int(mine['results'][0]['id'].split('-')[0]) + 1}")
        assert status == 200
        assert "secret" not in str(page)
        for path in ("/dashboard/history", "/dashboard/history.csv", "/accounts/data"):
            answer = eve.client.get(path, {"userId": ada.id, "user": ada.id})
            assert b"secret" not in (answer.getvalue() if answer.streaming else answer.content)

    def test_to_look_is_not_to_act(self, ada: ActionGroup) -> None:
        looker = ActionGroup("looker", "view_any", is_service=True)
        assert looker.get(f"/api/tokens?userId={ada.id}")[0] == 200
        for path, body in (("spend", {"amount": 1, "reason": "x"}), ("holds", HOLD), ("reset", {}), ("add", HOLD)):
            assert looker.post(f"/api/tokens/{path}", {**body, "userId": ada.id})[0] == 403
        assert ada.balance == 100

    def test_without_the_permission_nobody_learns_who_exists(self, ada: ActionGroup, eve: ActionGroup) -> None:
        told = {
            eve.get(f"/api/tokens?userId={user}")[0] for user in (ada.id, "999999", "test-user-id", "x", "%00", "-1")
        }
        assert told == {403}


class TestConversation:
    def test_of_another_is_not_written_over(self, ada: ActionGroup, eve: ActionGroup) -> None:
        name = "12345678-1234-4234-8234-123456789012"
        ada.post("/api/chat/save", {"id": name, "summary": "of Ada"})
        status, _ = eve.post("/api/chat/save", {"id": name, "summary": "of Eve"})
        assert status == 201, "the same id of another user is another conversation"
        assert eve.post("/api/chat/save", {"id": name, "summary": "x", "userId": ada.id})[0] == 403
        _, dashboard = ada.get("/api/dashboard")
        assert [item["summary"] for item in dashboard["recent_conversations"]] == ["of Ada"]
        assert Conversation.objects.count() == 2


def test_a_key_of_another_caller_tells_nothing(ada: ActionGroup, eve: ActionGroup) -> None:
    key = {"Idempotency-Key": "the same"}
    _, first = ada.post("/api/tokens/spend", {"amount": 7, "reason": "article"}, **key)
    status, second = eve.post("/api/tokens/spend", {"amount": 9, "reason": "other"}, **key)
    assert status == 200
    assert (second["spent"], second["balance"]) == (9, 91)
    assert (first["balance"], ada.balance) == (93, 93)


class TestMoney:
    """At Stripe everything hangs on the customer, and the customer on who is signed in."""

    def test_a_portal_is_ones_own(self, scenario: Scenario, eve: ActionGroup) -> None:
        customer = scenario.customer
        body = {"userId": scenario.user_id, "customer": customer, "return_url": "https://evil.example/"}
        status, answer = eve.post("/api/billing/portal", body)
        assert (status, set(answer["errors"])) == (400, set(body))
        assert eve.post("/api/billing/portal")[0] == 201
        (session,) = scenario.stripe.state.of("billing_portal.session")
        assert session["customer"] != customer
        assert "evil.example" not in str(session)

    def test_a_checkout_is_ones_own_and_leads_back_here(
        self, scenario: Scenario, eve: ActionGroup, settings: Any
    ) -> None:
        settings.SITE_URL = "https://count.example"
        customer = scenario.customer
        body = {"userId": scenario.user_id, "customer": customer, "success_url": "https://evil.example/"}
        status, answer = eve.post("/api/billing/checkout", {"plan": "Plus", **body})
        assert (status, set(answer["errors"])) == (400, set(body))
        assert eve.post("/api/billing/checkout", {"plan": "Plus"}, **{"X-Forwarded-Host": "evil.example"})[0] == 201
        (session,) = scenario.stripe.state.of("checkout.session")
        assert session["client_reference_id"] == eve.id
        assert session["customer"] != customer
        assert session["success_url"].startswith("https://count.example/")
        assert session["cancel_url"].startswith("https://count.example/")

    def test_the_session_of_another_is_not_there(self, scenario: Scenario, eve: ActionGroup) -> None:
        session = scenario.buy_tokens(1000)
        for name in (session, "cs_made_up", "../customers/x", "%00"):
            assert eve.client.get("/pricing/return", {"session_id": name}).status_code == 404
        assert eve.balance == 100

    def test_what_another_pays_for_is_not_told(self, scenario: Scenario, eve: ActionGroup) -> None:
        scenario.buy_plan()
        scenario.deliver()
        status, body = eve.get(f"/api/billing/subscription?userId={scenario.user_id}&customer={scenario.customer}")
        assert (status, body["plan"]) == (200, "Free")
