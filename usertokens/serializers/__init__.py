"""Shapes of the API's input and output."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from kv.rest.fields import MomentField, TextField, WholeNumberField
from kv.rest.inputs import Input
from kv.rest.schema import extend_schema_field
from kv.times import utc_now
from usertokens.types import BEST_MOOD, LARGEST_AMOUNT, LONGEST_REASON, MOST_USAGE_DAYS


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


def amount_field(**kwargs: Any) -> WholeNumberField:
    """A field of tokens, 1 to 10^12."""
    return WholeNumberField(min_value=1, max_value=LARGEST_AMOUNT, help_text="Tokens.", **kwargs)


class ForUserInput(Input):
    """Whatever names a user other than the caller."""

    userId = UserIdField(required=False, help_text="Another user, for callers with the permission.")  # noqa: N815 (the contract spells it so)


def reason_field(**kwargs: Any) -> TextField:
    """A field of what the journal says."""
    return TextField(max_length=LONGEST_REASON, help_text="What for; it stands in the journal.", **kwargs)


class AddInput(Input):
    """Tokens to grant."""

    userId = UserIdField(help_text="Who is given them.")  # noqa: N815 (the contract spells it so)
    amount = amount_field()
    reason = reason_field()
    expires_at = MomentField(required=False, allow_null=True, help_text="Null: never.")

    def validate_expires_at(self, value: Any) -> Any:
        """Later than now."""
        if value is not None and value <= utc_now():
            raise serializers.ValidationError("A time in the future is required.")
        return value


class ResetInput(Input):
    """Whom to reset."""

    userId = UserIdField(help_text="Who begins again.")  # noqa: N815 (the contract spells it so)


class MoodInput(Input):
    """The mood."""

    score = MoodField(help_text="0 to 10, with at most one decimal.")


class PlanOfUserInput(Input):
    """The plan."""

    plan = TextField(max_length=64, help_text="One of the site's plans.")


class MessageInput(Input):
    """One message of a conversation."""

    role = TextField(max_length=32, help_text="Who wrote it, such as user or assistant.")
    content = TextField(allow_blank=True, trim_whitespace=False, lines=True, help_text="The text.")


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
    summary = TextField(max_length=280, help_text="One line.")
    messages = MessageInput(many=True, required=False, help_text="Without it, those of a known conversation stay.")


class PageInput(serializers.Serializer[Any]):
    """Which part of a list."""

    limit = serializers.IntegerField(min_value=1, max_value=100, default=20, help_text="Entries on a page.")
    before = serializers.RegexField(r"\A[1-9][0-9]{0,14}\Z", required=False, help_text="As `next` of the page before.")


class UsageInput(serializers.Serializer[Any]):
    """Which days of the usage."""

    days = serializers.IntegerField(
        min_value=1, max_value=MOST_USAGE_DAYS, default=30, help_text="How many; the last one is today."
    )


class RecentConversationOutput(serializers.Serializer[Any]):
    """One of the newest conversations."""

    id = serializers.CharField()
    summary = serializers.CharField()
    at = MomentField()


class DashboardTokensOutput(serializers.Serializer[Any]):
    """The tokens on the dashboard."""

    balance = serializers.IntegerField(help_text="Tokens that can be spent.")
    held = serializers.IntegerField(help_text="Tokens on hold; they are not in the balance.")
    debt = serializers.IntegerField(help_text="Tokens that the next grants pay first.")
    allowance = serializers.IntegerField(help_text="Tokens of the plan in this period.")
    period_start = MomentField(help_text="When the period began.")
    period_end = MomentField(help_text="When the next one begins.")


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
    left = serializers.IntegerField(help_text="Tokens left of it.")
    amount = serializers.IntegerField(help_text="Tokens that it had.")
    priority = serializers.IntegerField(help_text="Lower ones are spent first.")
    expires_at = MomentField(allow_null=True, help_text="Null: never.")
    source = serializers.CharField()  # type: ignore[assignment] # a field of that name, not the argument


class TokensOutput(DashboardTokensOutput):
    """The tokens with their grants in burn order."""

    user_id = serializers.CharField()
    grants = GrantOutput(many=True)


class MovedOutput(serializers.Serializer[Any]):
    """What every movement of tokens answers."""

    success = serializers.BooleanField(help_text="Always true.")
    transaction_id = serializers.CharField(help_text="The entry in the journal.")
    balance = serializers.IntegerField(help_text="Tokens left.")


class AddedOutput(MovedOutput):
    """Tokens granted."""

    added = serializers.IntegerField(help_text="Tokens granted.")


class ReleasedOutput(MovedOutput):
    """A hold released."""

    released = serializers.IntegerField(help_text="Tokens that have returned.")


class ConversationOutput(serializers.Serializer[Any]):
    """A saved conversation."""

    id = serializers.UUIDField()
    conversations = serializers.IntegerField()


class TransactionOutput(serializers.Serializer[Any]):
    """A journal entry."""

    id = serializers.CharField(help_text="The number of the entry.")
    at = MomentField()
    type = serializers.CharField()
    amount = serializers.IntegerField(help_text="Tokens, with a sign.")
    balance_after = serializers.IntegerField(help_text="The balance after it.")
    reason = serializers.CharField(help_text="As it was given.")


class ActionUsageOutput(serializers.Serializer[Any]):
    """What was used of one action."""

    action = serializers.CharField(help_text="Empty for what named no action.")
    count = serializers.IntegerField(help_text="Spends and captures.")
    quantity = serializers.IntegerField(help_text="Units; 1 for each that named no action.")
    spent = serializers.IntegerField(help_text="Tokens.")
    days = serializers.ListField(child=serializers.IntegerField(), help_text="Tokens of each day, oldest first.")


class TokenUsageOutput(serializers.Serializer[Any]):
    """What was used on some days, by action."""

    to = serializers.DateField(help_text="The last day, today in the site's time zone.")
    total = serializers.IntegerField(help_text="Tokens.")
    actions = ActionUsageOutput(many=True, help_text="The action with the most tokens first.")

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which Python takes for a word of its own."""
        return {"from": serializers.DateField(help_text="The first day."), **super().get_fields()}


class TransactionsOutput(serializers.Serializer[Any]):
    """Journal entries, newest first."""

    results = TransactionOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="Pass back as `before`; null at the end.")
