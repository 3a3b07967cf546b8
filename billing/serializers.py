"""Shapes of the API's input and output."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from billing.conf import app_settings
from billing.services.auto_settings import AutoStatus
from billing.services.prices import INTERVALS
from kv.rest.fields import EchoedField, FlagField, MomentField, NamedChoiceField, TextField, WholeNumberField
from kv.rest.inputs import Input


class PlanField(NamedChoiceField):  # created with each serializer, so it sees today's settings
    """The name of a plan in PLAN_ALLOWANCES, read for each request. sold: all plans except the free one."""

    def __init__(self, *, sold: bool = False, **kwargs: Any) -> None:
        plans = list(app_settings.PLAN_ALLOWANCES)[1 if sold else 0 :]
        super().__init__(plans, schema_name="PaidPlanName" if sold else "PlanName", **kwargs)


class PlanInput(Input):
    """A plan to buy."""

    plan = PlanField(sold=True)
    interval = NamedChoiceField(INTERVALS, schema_name="PaymentInterval", default="month")


class TopUpInput(Input):
    """Tokens to buy."""

    topup = WholeNumberField(min_value=1, max_value=10**12, help_text="Tokens; one of the amounts for sale.")


class AutoTopUpInput(Input):
    """Automatic top-up as it is to be. What is left out, or null, stays as it is."""

    enabled = FlagField()
    threshold = WholeNumberField(
        min_value=1, max_value=10**12, required=False, allow_null=True, help_text="Tokens: a fall to them is charged."
    )
    topup = WholeNumberField(
        min_value=1, max_value=10**12, required=False, allow_null=True, help_text="Tokens; one of the amounts for sale."
    )
    monthly_cap_cents = WholeNumberField(min_value=1, max_value=99_999_999_999, required=False, allow_null=True)
    status = EchoedField()
    action_url = EchoedField()


class AutoTopUpOutput(serializers.Serializer[Any]):
    """Automatic top-up of the caller. null: never set."""

    enabled = serializers.BooleanField()
    threshold = serializers.IntegerField(allow_null=True)
    topup = serializers.IntegerField(allow_null=True)
    monthly_cap_cents = serializers.IntegerField(allow_null=True)
    status = NamedChoiceField([one.value for one in AutoStatus], schema_name="AutoTopUpStatus")
    action_url = serializers.URLField(
        allow_null=True, help_text="Where the user saves a card, or confirms the payment that waits; null: nowhere."
    )


class UrlOutput(serializers.Serializer[Any]):
    """The address to send the browser to."""

    url = serializers.URLField()


class PendingOutput(serializers.Serializer[Any]):
    """A planned change of the plan."""

    plan = PlanField()
    at = MomentField()


class SubscriptionOutput(serializers.Serializer[Any]):
    """What the caller pays for, as last read from Stripe."""

    plan = PlanField()
    status = TextField(allow_null=True, help_text="Stripe's word: active, trialing, past_due, canceled, …")
    period_end = MomentField(allow_null=True)
    cancel_at = MomentField(allow_null=True)
    pending = PendingOutput(allow_null=True)


class ReceivedOutput(serializers.Serializer[Any]):
    """The event is stored."""

    received = serializers.BooleanField()
