"""Shapes of the API's input and output."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from billing.conf import app_settings
from billing.services.prices import INTERVALS
from kv.rest.fields import TextField, WholeNumberField
from kv.rest.inputs import Input


class PlanField(serializers.ChoiceField):  # made anew with each serializer
    """A plan of PLAN_ALLOWANCES by its name, as they are when a request comes. sold: any but the free one."""

    def __init__(self, *, sold: bool = False, **kwargs: Any) -> None:
        super().__init__(list(app_settings.PLAN_ALLOWANCES)[1 if sold else 0 :], **kwargs)


class PlanInput(Input):
    """A plan to pay for."""

    plan = PlanField(sold=True)
    interval = serializers.ChoiceField(INTERVALS, default="month")


class TopUpInput(Input):
    """Tokens to buy."""

    topup = WholeNumberField(min_value=1, max_value=10**12, help_text="Tokens; one of the amounts for sale.")


class UrlOutput(serializers.Serializer[Any]):
    """Where to send the browser."""

    url = serializers.URLField()


class PendingOutput(serializers.Serializer[Any]):
    """A change that is known to come."""

    plan = PlanField()
    at = serializers.DateTimeField()


class SubscriptionOutput(serializers.Serializer[Any]):
    """What the caller pays for, as last read from Stripe."""

    plan = PlanField()
    status = TextField(allow_null=True, help_text="Stripe's word: active, trialing, past_due, canceled, …")
    period_end = serializers.DateTimeField(allow_null=True)
    cancel_at = serializers.DateTimeField(allow_null=True)
    pending = PendingOutput(allow_null=True)


class ReceivedOutput(serializers.Serializer[Any]):
    """The event is written down."""

    received = serializers.BooleanField()
