"""The API of a user's tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from kv.rest.codes import INVALID_INPUT
from kv.rest.idempotency import IDEMPOTENCY_CONFLICT, KEY_HEADER
from kv.rest.permissions import may
from kv.rest.schema import extend_schema
from usertokens.permissions import MANAGE_TOKENS, VIEW_ANY
from usertokens.serializers import (
    AddedOutput,
    AddInput,
    DashboardOutput,
    PageInput,
    ResetInput,
    TokensOutput,
    TransactionsOutput,
)
from usertokens.serializers.charges import GenerationInput, GenerationOutput, SpendInput, SpentOutput
from usertokens.services import balances, journal, resets
from usertokens.types import Hold, Movement
from usertokens.views import examples
from usertokens.views.api import dashboard_body, tokens_body
from usertokens.views.base import (
    BALANCE_TOO_LARGE,
    BUDGET_EXCEEDED,
    FOR_USERS,
    INSUFFICIENT_TOKENS,
    OPEN_HOLDS,
    USER_QUERY,
    UserTokensView,
)
from usertokens.views.quick import QuickPostView


class BalanceView(UserTokensView):
    """GET: tokens and grants in burn order."""

    @extend_schema(
        operation_id="get_balance", examples=examples.BALANCE, parameters=[USER_QUERY], responses=TokensOutput
    )
    def get(self, request: Request) -> Response:
        """Balance, held, debt, allowance, period and grants."""
        user_id = self.subject(request, request.query_params.get("userId"), VIEW_ANY)
        balance = balances.get_balance(user_id)
        grants = [
            {
                "id": str(grant.id),
                "left": grant.left,
                "amount": grant.amount,
                "priority": grant.priority,
                "expires_at": grant.expires_at and grant.expires_at.isoformat(),
                "source": grant.source,
            }
            for grant in balance.grants
        ]
        body = {"user_id": user_id, **tokens_body(balance.tokens), "grants": grants}
        return Response(body, headers={"Cache-Control": "no-store"})


class GenerationView(QuickPostView):
    """POST {cost?} or {action, quantity?}: pay for one generation and count it."""

    shape = GenerationInput
    codes = (*FOR_USERS, INSUFFICIENT_TOKENS, BUDGET_EXCEEDED, IDEMPOTENCY_CONFLICT)

    @extend_schema(
        operation_id="record_generation",
        examples=examples.GENERATION,
        parameters=[KEY_HEADER],
        request=GenerationInput,
        responses=GenerationOutput,
    )
    def post(self, request: Request) -> Response:
        """Spend the tokens of one generation."""
        return self.post_moved(request)

    @staticmethod
    def move(user_id: str, data: dict[str, Any], *, key: str, actor: str) -> dict[str, Any]:
        """Spend and count."""
        made = balances.record_generation(user_id, data.get("cost"), **priced(data), key=key, actor=actor)
        return movement_body(made.movement, "spent") | {"generations": made.generations}


class SpendView(QuickPostView):
    """POST {amount, reason} or {action, quantity?}: take tokens; 402 when there are too few."""

    shape = SpendInput
    codes = (*FOR_USERS, INSUFFICIENT_TOKENS, BUDGET_EXCEEDED, IDEMPOTENCY_CONFLICT)

    @extend_schema(
        operation_id="spend_tokens", examples=examples.SPEND, parameters=[KEY_HEADER], request=SpendInput,
        responses=SpentOutput,
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Spend tokens, all or nothing."""
        return self.post_moved(request)

    @staticmethod
    def move(user_id: str, data: dict[str, Any], *, key: str, actor: str) -> dict[str, Any]:
        """Spend."""
        spent = balances.spend_tokens(
            user_id, data.get("amount"), reason=data.get("reason", ""), **priced(data), key=key, actor=actor
        )
        return movement_body(spent, "spent")


class AddView(UserTokensView):
    """POST {userId, amount, reason, expires_at?}: grant tokens."""

    codes = (*FOR_USERS, BALANCE_TOO_LARGE, IDEMPOTENCY_CONFLICT)

    @extend_schema(
        operation_id="add_tokens",
        examples=examples.ADD,
        parameters=[KEY_HEADER],
        request=AddInput,
        responses=AddedOutput,
    )
    def post(self, request: Request) -> Response:
        """Grant tokens to a user."""
        user_id, data = self._managed(request, AddInput)
        added = balances.add_tokens(
            user_id,
            data["amount"],
            reason=data["reason"],
            expires_at=data.get("expires_at"),
            key=self.idempotency_key(request),
            actor=str(request.user.pk),
        )
        return Response(movement_body(added, "added"))

    def _managed(self, request: Request, shape: type[Any]) -> tuple[str, dict[str, Any]]:
        if not may(request.user, MANAGE_TOKENS):
            self.permission_denied(request)
        form = shape(data=request.data)
        form.is_valid(raise_exception=True)
        return self.subject(request, form.validated_data["userId"], MANAGE_TOKENS), form.validated_data


class ResetView(AddView):
    """POST {userId}: back to the first day."""

    codes = (*FOR_USERS, OPEN_HOLDS, IDEMPOTENCY_CONFLICT)

    @extend_schema(
        operation_id="reset_user", examples=examples.RESET, parameters=[KEY_HEADER], request=ResetInput,
        responses=DashboardOutput,
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Stats and balance as on the first day."""
        user_id, _ = self._managed(request, ResetInput)
        first_day = resets.reset_user(user_id, key=self.idempotency_key(request), actor=str(request.user.pk))
        return Response(dashboard_body(first_day))


class TransactionsView(UserTokensView):
    """GET: the journal, newest first."""

    codes = (*FOR_USERS, INVALID_INPUT)

    @extend_schema(
        operation_id="list_transactions",
        examples=examples.TRANSACTIONS,
        parameters=[USER_QUERY, PageInput],
        responses=TransactionsOutput,
    )
    def get(self, request: Request) -> Response:
        """Journal entries, from the store and the archive alike."""
        form = PageInput(data=request.query_params)
        form.is_valid(raise_exception=True)
        user_id = self.subject(request, request.query_params.get("userId"), VIEW_ANY)
        before = form.validated_data.get("before")
        page = journal.list_transactions(
            user_id, limit=form.validated_data["limit"], before=int(before) if before else None
        )
        results = [
            {
                "id": str(entry.id),
                "at": entry.at.isoformat(),
                "type": entry.type,
                "amount": entry.amount,
                "balance_after": entry.balance_after,
                "reason": entry.reason,
            }
            for entry in page.results
        ]
        body = {"results": results, "next": str(page.before) if page.before else None}
        return Response(body, headers={"Cache-Control": "no-store"})


def movement_body(movement: Movement, name: str) -> dict[str, Any]:
    """The answer of what moved tokens; `name`: of the field with the amount."""
    body = {
        "success": True,
        "transaction_id": movement.transaction_id,
        name: movement.amount,
        "balance": movement.balance,
    }
    return body | used_body(movement) if movement.action else body


def used_body(paid: Movement | Hold) -> dict[str, Any]:
    """What was paid by action, as the answer has it."""
    return {"action": paid.action, "quantity": paid.quantity} if paid.action else {}


def priced(data: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a service for a `PricedInput` that names an action."""
    return {"action": data["action"], "quantity": data.get("quantity", 1)} if "action" in data else {}
