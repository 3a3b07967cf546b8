"""The API of budgets."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from kv.rest.codes import RATE_LIMITED
from kv.rest.idempotency import IDEMPOTENCY_CONFLICT, KEY_HEADER
from kv.rest.schema import extend_schema
from usertokens.conf import BUDGET_LIMIT
from usertokens.permissions import MANAGE_TOKENS
from usertokens.services import budgets
from usertokens.views import examples
from usertokens.views.base import FOR_USERS, USER_QUERY, UserTokensView
from usertokens.views.budget_bodies import BudgetInput, BudgetOutput, budget_body
from usertokens.views.staff_log import budgets_line, log_by_staff


class BudgetView(UserTokensView):
    """GET and PUT {day?, month?, actions?}: the user's own budgets; for another user those of staff."""

    codes = FOR_USERS
    write_codes = (RATE_LIMITED, IDEMPOTENCY_CONFLICT)

    @extend_schema(operation_id="get_budget", examples=examples.BUDGET, parameters=[USER_QUERY], responses=BudgetOutput)
    def get(self, request: Request) -> Response:
        """The budgets, and what is used of them."""
        user_id = self.subject(request, request.query_params.get("userId"), MANAGE_TOKENS)
        is_other = bool(self.actor(request, user_id))
        body = budget_body(budgets.get_budget(user_id), by_staff=is_other)
        return Response(body, headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="set_budget", examples=examples.SET_BUDGET, parameters=[USER_QUERY, KEY_HEADER],
        request=BudgetInput, responses=BudgetOutput,
    )  # fmt: skip
    def put(self, request: Request) -> Response:
        """Set all budgets at once; what is left out is no budget. `{"day": null}` removes them all."""
        form = BudgetInput(data=request.data)
        form.is_valid(raise_exception=True)
        user_id = self.subject(request, request.query_params.get("userId"), MANAGE_TOKENS)
        actor = self.actor(request, user_id)
        self.count_own(request, BUDGET_LIMIT, actor)
        data = form.validated_data
        found = budgets.set_budget(
            user_id,
            day=data.get("day"),
            month=data.get("month"),
            actions=data.get("actions"),
            by_staff=bool(actor),
            key=self.idempotency_key(request),
            actor=actor,
        )
        if actor:
            log_by_staff(request.user, user_id, budgets_line(found.staff))
        return Response(budget_body(found, by_staff=bool(actor)))
