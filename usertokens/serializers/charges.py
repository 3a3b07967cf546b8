"""Shapes of the calls that take tokens: an amount, or an action and how many of its units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from kv.rest.fields import MomentField, TextField, WholeNumberField
from usertokens.serializers import ForUserInput, MovedOutput, amount_field, reason_field
from usertokens.services.holds import LONGEST_HOLD
from usertokens.types import LARGEST_AMOUNT, LONGEST_ACTION


class PricedInput(ForUserInput):
    """Tokens, or an action and how many of its units.

    tokens_field: where the tokens stand. needed: fields that are required unless an action is named.
    """

    tokens_field: ClassVar[str] = "amount"
    needed: ClassVar[tuple[str, ...]] = ("amount", "reason")

    action = TextField(
        max_length=LONGEST_ACTION, required=False, help_text="One of the site's actions, in place of tokens."
    )
    quantity = WholeNumberField(
        min_value=1, max_value=LARGEST_AMOUNT, required=False, help_text="Units of the action; 1 without it."
    )

    def to_internal_value(self, data: Any) -> Any:
        """As `Input`; tokens and an action exclude each other. Raises ValidationError."""
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            if "action" not in data:
                errors = {
                    name: [self.fields[name].error_messages["required"]] for name in self.needed if name not in data
                }
                if "quantity" in data:
                    errors["quantity"] = ["Only an action has units."]
            elif self.tokens_field in data:
                errors[self.tokens_field] = ["Name tokens or an action, not both."]
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if errors and isinstance(error.detail, dict):
                raise serializers.ValidationError({**errors, **error.detail}) from error
            raise
        if errors:
            raise serializers.ValidationError(errors)
        return values


class GenerationInput(PricedInput):
    """One generation."""

    tokens_field = "cost"
    needed = ()

    cost = amount_field(required=False)


class SpendInput(PricedInput):
    """Tokens to spend."""

    #: An amount or an action; either may be left out, not both.
    needs_body = True

    amount = amount_field(required=False)
    reason = reason_field(required=False)


class HoldInput(PricedInput):
    """Tokens to set aside."""

    amount = amount_field(required=False)
    ttl_seconds = WholeNumberField(
        min_value=1, max_value=LONGEST_HOLD, help_text="Seconds until the tokens return by themselves."
    )
    reason = reason_field(required=False)


class CaptureInput(ForUserInput):
    """What of a hold was used; without both all of it. What goes over the hold is taken from the balance."""

    amount = amount_field(required=False)
    quantity = WholeNumberField(
        min_value=1,
        max_value=LARGEST_AMOUNT,
        required=False,
        help_text="Units of the hold's action, in place of tokens.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Either of them."""
        if "amount" in attrs and "quantity" in attrs:
            raise serializers.ValidationError({"amount": ["Name tokens or a quantity, not both."]})
        return attrs


class UsedOutput(serializers.Serializer[Any]):
    """What was paid by action."""

    action = serializers.CharField(required=False, help_text="The action; absent when tokens were named.")
    quantity = serializers.IntegerField(required=False, help_text="Its units.")


class SpentOutput(MovedOutput, UsedOutput):
    """Tokens spent."""

    spent = serializers.IntegerField(help_text="Tokens taken.")


class GenerationOutput(SpentOutput):
    """A generation paid for."""

    generations = serializers.IntegerField()


class CapturedOutput(MovedOutput, UsedOutput):
    """A hold captured."""

    captured = serializers.IntegerField(help_text="Tokens taken; the rest of the hold has returned.")


class HoldOutput(UsedOutput):
    """Tokens set aside."""

    id = serializers.CharField(help_text="For its capture or release.")
    amount = serializers.IntegerField(help_text="Tokens on hold.")
    expires_at = MomentField(help_text="When they return by themselves.")
    balance = serializers.IntegerField(help_text="Tokens left.")
