"""Shapes of the API's input and output."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kv.rest.fields import MomentField, TextField, WholeNumberField
from kv.rest.inputs import Input
from kv.times import utc_now
from usertokens.services.holds import LONGEST_HOLD
from usertokens.types import BEST_MOOD, LARGEST_AMOUNT, LONGEST_REASON


class UserIdField(TextField):
    """A user's id, as every id of a user a string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, trim_whitespace=False, is_id=True, **kwargs)


@extend_schema_field({"type": "number", "minimum": 0, "maximum": 10, "multipleOf": 0.1})
class MoodField(serializers.Field[Decimal, Any, Any, Any]):
    """A JSON number from 0 to 10 with at most one decimal."""

    default_error_messages = {"invalid": "A number from 0 to 10 with at most one decimal is required."}

    def to_internal_value(self, data: Any) -> Decimal:
        """The number, exactly. Raises ValidationError."""
        if type(data) not in (int, float):
            self.fail("invalid")
        number = Decimal(str(data))
        if not 0 <= number <= BEST_MOOD or number != round(number, 1):
            self.fail("invalid")
        return number


def _amount(**kwargs: Any) -> WholeNumberField:
    return WholeNumberField(min_value=1, max_value=LARGEST_AMOUNT, help_text="Tokens.", **kwargs)


class ForUserInput(Input):
    """Whatever names a user other than the caller."""

    userId = UserIdField(required=False, help_text="Another user, for callers with the permission.")  # noqa: N815 (the contract spells it so)


class GenerationInput(ForUserInput):
    """One generation."""

    cost = _amount(required=False)


class SpendInput(ForUserInput):
    """Tokens to spend."""

    amount = _amount()
    reason = TextField(max_length=LONGEST_REASON)


class HoldInput(ForUserInput):
    """Tokens to set aside."""

    amount = _amount()
    ttl_seconds = WholeNumberField(min_value=1, max_value=LONGEST_HOLD)
    reason = TextField(max_length=LONGEST_REASON)


class CaptureInput(ForUserInput):
    """How much of a hold to keep."""

    amount = _amount(required=False)


class AddInput(Input):
    """Tokens to grant."""

    userId = UserIdField()  # noqa: N815 (the contract spells it so)
    amount = _amount()
    reason = TextField(max_length=LONGEST_REASON)
    expires_at = MomentField(required=False, allow_null=True, help_text="Null: never.")

    def validate_expires_at(self, value: Any) -> Any:
        """Later than now."""
        if value is not None and value <= utc_now():
            raise serializers.ValidationError("A time in the future is required.")
        return value


class ResetInput(Input):
    """Whom to reset."""

    userId = UserIdField()  # noqa: N815 (the contract spells it so)


class MoodInput(Input):
    """The mood."""

    score = MoodField()


class PlanOfUserInput(Input):
    """The plan."""

    plan = TextField(max_length=64)


class MessageInput(Input):
    """One message of a conversation."""

    role = TextField(max_length=32)
    content = TextField(allow_blank=True, trim_whitespace=False, lines=True)


class UuidField(serializers.UUIDField):
    """A UUID in a JSON string; DRF takes numbers too."""

    def to_internal_value(self, data: Any) -> Any:
        """The UUID. Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class ConversationInput(ForUserInput):
    """A conversation to save."""

    id = UuidField(required=False, help_text="The caller's own; the same again updates and counts nothing.")
    summary = TextField(max_length=280)
    messages = MessageInput(many=True, required=False)


class PageInput(serializers.Serializer[Any]):
    """Which part of a list."""

    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)
    before = serializers.RegexField(r"\A[1-9][0-9]{0,14}\Z", required=False, help_text="As `next` of the page before.")


class RecentConversationOutput(serializers.Serializer[Any]):
    """One of the newest conversations."""

    id = serializers.CharField()
    summary = serializers.CharField()
    at = MomentField()


class DashboardTokensOutput(serializers.Serializer[Any]):
    """The tokens on the dashboard."""

    balance = serializers.IntegerField()
    held = serializers.IntegerField()
    debt = serializers.IntegerField()
    allowance = serializers.IntegerField()
    period_start = MomentField()
    period_end = MomentField()


class DashboardOutput(serializers.Serializer[Any]):
    """A user's own page."""

    user_id = serializers.CharField()
    conversations = serializers.IntegerField()
    generations = serializers.IntegerField()
    mood_score = serializers.FloatField()
    days_active = serializers.IntegerField()
    login_streak = serializers.IntegerField()
    longest_streak = serializers.IntegerField()
    recent_conversations = RecentConversationOutput(many=True)
    plan = serializers.CharField()
    tokens = DashboardTokensOutput()


class GrantOutput(serializers.Serializer[Any]):
    """A live grant."""

    id = serializers.CharField()
    left = serializers.IntegerField()
    amount = serializers.IntegerField()
    priority = serializers.IntegerField()
    expires_at = MomentField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # a field of that name, not the argument


class TokensOutput(DashboardTokensOutput):
    """The tokens with their grants in burn order."""

    user_id = serializers.CharField()
    grants = GrantOutput(many=True)


class MovedOutput(serializers.Serializer[Any]):
    """What every movement of tokens answers."""

    success = serializers.BooleanField()
    transaction_id = serializers.CharField()
    balance = serializers.IntegerField()


class SpentOutput(MovedOutput):
    """Tokens spent."""

    spent = serializers.IntegerField()


class GenerationOutput(SpentOutput):
    """A generation paid for."""

    generations = serializers.IntegerField()


class AddedOutput(MovedOutput):
    """Tokens granted."""

    added = serializers.IntegerField()


class CapturedOutput(MovedOutput):
    """A hold captured."""

    captured = serializers.IntegerField()


class ReleasedOutput(MovedOutput):
    """A hold released."""

    released = serializers.IntegerField()


class HoldOutput(serializers.Serializer[Any]):
    """Tokens set aside."""

    id = serializers.CharField()
    amount = serializers.IntegerField()
    expires_at = MomentField()
    balance = serializers.IntegerField()


class ConversationOutput(serializers.Serializer[Any]):
    """A saved conversation."""

    id = serializers.UUIDField()
    conversations = serializers.IntegerField()


class TransactionOutput(serializers.Serializer[Any]):
    """A journal entry."""

    id = serializers.CharField()
    at = MomentField()
    type = serializers.CharField()
    amount = serializers.IntegerField()
    balance_after = serializers.IntegerField()
    reason = serializers.CharField()


class TransactionsOutput(serializers.Serializer[Any]):
    """Journal entries, newest first."""

    results = TransactionOutput(many=True)
    next = serializers.CharField(allow_null=True)
