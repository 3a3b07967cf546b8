"""The API of a user's activity."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from kv.rest.permissions import may
from kv.rest.schema import extend_schema, response
from usertokens.conf import CHAT_LIMIT, CHAT_USER_LIMIT
from usertokens.permissions import ACT_FOR_ANY, MANAGE_TOKENS, VIEW_ANY
from usertokens.serializers import ConversationInput, ConversationOutput, DashboardOutput, MoodInput, PlanOfUserInput
from usertokens.services import activity, conversations, dashboards, plans
from usertokens.types import Dashboard, Tokens
from usertokens.views import examples
from usertokens.views.base import USER_QUERY, UserTokensView


class DashboardView(UserTokensView):
    """GET: everything of a user's own page."""

    @extend_schema(
        operation_id="get_dashboard", examples=examples.DASHBOARD, parameters=[USER_QUERY], responses=DashboardOutput
    )
    def get(self, request: Request) -> Response:
        """Activity, plan and tokens; a new user's are made."""
        user_id = self.subject(request, request.query_params.get("userId"), VIEW_ANY)
        return _dashboard(user_id)


class MoodView(UserTokensView):
    """PATCH {score}: set the mood."""

    @extend_schema(
        operation_id="set_mood",
        examples=examples.MOOD,
        parameters=[USER_QUERY],
        request=MoodInput,
        responses=DashboardOutput,
    )
    def patch(self, request: Request) -> Response:
        """Set the mood, 0 to 10."""
        user_id = self.subject(request, request.query_params.get("userId"), ACT_FOR_ANY)
        form = MoodInput(data=request.data)
        form.is_valid(raise_exception=True)
        activity.set_mood(user_id, form.validated_data["score"])
        return _dashboard(user_id)


class PlanView(UserTokensView):
    """PATCH {plan}: set a user's plan by hand."""

    @extend_schema(
        operation_id="set_plan",
        examples=examples.PLAN,
        parameters=[USER_QUERY],
        request=PlanOfUserInput,
        responses=DashboardOutput,
    )
    def patch(self, request: Request) -> Response:
        """Set the plan; nobody sets their own without the permission."""
        if not may(request.user, MANAGE_TOKENS):
            self.permission_denied(request)
        user_id = self.subject(request, request.query_params.get("userId"), MANAGE_TOKENS)
        form = PlanOfUserInput(data=request.data)
        form.is_valid(raise_exception=True)
        plans.change_plan(user_id, form.validated_data["plan"], actor=self.actor(request, user_id))
        return _dashboard(user_id)


class ConversationView(UserTokensView):
    """POST {id?, summary, messages?}: save a conversation."""

    rate_limit = CHAT_LIMIT
    max_body = 1024 * 1024

    @extend_schema(
        operation_id="save_conversation",
        examples=examples.CONVERSATION,
        request=ConversationInput,
        responses={
            200: response(ConversationOutput, "Updated: the id is known."),
            201: response(ConversationOutput, "Saved and counted."),
        },
    )
    def post(self, request: Request) -> Response:
        """Save a conversation; the same id again updates it."""
        form = ConversationInput(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        user_id = self.subject(request, data.get("userId"), ACT_FOR_ANY)
        self.count_own(request, CHAT_USER_LIMIT, self.actor(request, user_id))
        saved = conversations.record_conversation(
            user_id, summary=data["summary"], conversation_id=data.get("id"), messages=data.get("messages")
        )
        return Response({"id": saved.id, "conversations": saved.conversations}, status=201 if saved.created else 200)


def _dashboard(user_id: str) -> Response:
    return Response(dashboard_body(dashboards.read_dashboard(user_id)), headers={"Cache-Control": "no-store"})


def dashboard_body(page: Dashboard) -> dict[str, Any]:
    """A dashboard as the contract spells it."""
    stats = page.stats
    return {
        "user_id": page.user_id,
        "conversations": stats.conversations,
        "generations": stats.generations,
        "mood_score": int(stats.mood_score) if stats.mood_score.is_integer() else stats.mood_score,
        "days_active": stats.days_active,
        "login_streak": stats.login_streak,
        "longest_streak": stats.longest_streak,
        "recent_conversations": [
            {"id": item.id, "summary": item.summary, "at": item.at.isoformat()} for item in stats.recent_conversations
        ],
        "plan": stats.plan,
        "tokens": tokens_body(page.tokens),
    }


def tokens_body(tokens: Tokens) -> dict[str, Any]:
    """Tokens as the contract spells them."""
    return {
        "balance": tokens.balance,
        "held": tokens.held,
        "debt": tokens.debt,
        "allowance": tokens.allowance,
        "period_start": tokens.period_start.isoformat(),
        "period_end": tokens.period_end.isoformat(),
    }
