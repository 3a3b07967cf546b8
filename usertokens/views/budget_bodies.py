"""Budgets as the API takes and answers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from kv.rest.fields import EchoedField, MomentField, WholeNumberField
from kv.rest.inputs import Input
from kv.rest.schema import extend_schema_field
from usertokens.services.prices import action_names
from usertokens.types import LARGEST_AMOUNT, Budgets, Caps
from usertokens.types.budgets import DAY, MONTH

_LONGEST_NAME = 64
_MOST_NAMES = 10


def _cap(period: str) -> WholeNumberField:
    return WholeNumberField(
        min_value=1, max_value=LARGEST_AMOUNT, required=False, allow_null=True,
        help_text=f"The most tokens in a {period}; null: no budget.",
    )  # fmt: skip


class CapsInput(Input):
    """The most tokens in a day and in a month."""

    day = _cap(DAY)
    month = _cap(MONTH)


@extend_schema_field({"type": "object"})
class EchoedSide(EchoedField):
    """Budgets of the user's own, or of staff."""


@extend_schema_field({"type": "array", "items": {"type": "object"}})
class EchoedInForce(EchoedField):
    """The budgets that hold."""


class BudgetInput(CapsInput):
    """All budgets at once: what is left out is no budget. An empty body is a mistake, and removes none."""

    needs_body = True

    actions = serializers.DictField(
        child=CapsInput(), required=False, help_text="The same by action, one of the site's actions each."
    )
    own = EchoedSide()
    staff = EchoedSide()
    in_force = EchoedInForce()

    def validate_actions(self, value: dict[str, Any]) -> dict[str, Caps]:
        """Only actions that the site has."""
        unknown = [name for name in value if name not in action_names()]
        if unknown:
            names = sorted(name[:_LONGEST_NAME] for name in unknown)[:_MOST_NAMES]
            raise serializers.ValidationError({name: ["There is no such action."] for name in names})
        return {name: Caps(**caps) for name, caps in value.items()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """At least one of those that are set."""
        names = (DAY, MONTH, "actions")
        if not any(name in attrs for name in names):
            message = "Name at least one of day, month and actions; null is no budget."
            raise serializers.ValidationError({name: [message] for name in names})
        return attrs


class CapsOutput(serializers.Serializer[Any]):
    """The most tokens in a day and in a month."""

    day = serializers.IntegerField(allow_null=True, help_text="The most tokens in a day; null: no budget.")
    month = serializers.IntegerField(allow_null=True, help_text="The most tokens in a month; null: no budget.")


class BudgetSideOutput(CapsOutput):
    """Budgets of the user's own, or of staff."""

    actions = serializers.DictField(child=CapsOutput(), help_text="The same by action.")


class BudgetInForceOutput(serializers.Serializer[Any]):
    """A budget that holds now."""

    budget = serializers.CharField(help_text="Its place in this answer, such as day or actions.image.month.")
    action = serializers.CharField(allow_null=True, help_text="Null: all tokens.")
    period = serializers.ChoiceField([DAY, MONTH], help_text="Of the site's time zone.")
    limit = serializers.IntegerField(help_text="Tokens.")
    used = serializers.IntegerField(help_text="Tokens spent in this period, and those on hold.")
    left = serializers.IntegerField(help_text="Tokens that may still be spent.")
    opens_at = MomentField(help_text="When the next period begins.")
    set_by = serializers.ChoiceField(["user", "staff"], help_text="Whose budget it is: the lower one holds.")


class BudgetOutput(BudgetSideOutput):
    """The budgets that a PUT of this caller sets, those of both sides, and what holds."""

    own = BudgetSideOutput(help_text="The user's own.")
    staff = BudgetSideOutput(help_text="Those of staff, which stand above the user's own.")
    in_force = BudgetInForceOutput(many=True, help_text="The lower one of both, with what is used of it.")


def budget_body(budgets: Budgets, *, by_staff: bool) -> dict[str, Any]:
    """The answer to a caller: at the top what the caller's own PUT sets."""
    own, staff = _side(budgets.own), _side(budgets.staff)
    return {
        **(staff if by_staff else own),
        "own": own,
        "staff": staff,
        "in_force": [
            {
                "budget": one.name,
                "action": one.action or None,
                "period": one.period,
                "limit": one.limit,
                "used": one.used,
                "left": one.left,
                "opens_at": one.opens_at.isoformat(),
                "set_by": "staff" if one.by_staff else "user",
            }
            for one in budgets.in_force
        ],
    }


def _side(caps: Mapping[str, Caps]) -> dict[str, Any]:
    whole = caps.get("", Caps())
    known = [name for name in action_names() if name in caps]
    actions = {name: {"day": caps[name].day, "month": caps[name].month} for name in known}
    return {"day": whole.day, "month": whole.month, "actions": actions}
