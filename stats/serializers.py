"""Shapes of the API's input and output."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kv.rest.fields import CallerIdField, NamedChoiceField, TextField, WholeNumberField
from kv.rest.inputs import Input
from kv.rest.schema import extend_schema_serializer

LARGEST_AMOUNT = 99_999_999_999


class FiguresOutput(serializers.Serializer[Any]):
    """The public totals."""

    visitors = serializers.IntegerField()
    qr_total = serializers.IntegerField()
    revenue_cents = serializers.IntegerField(help_text="EUR cents on payment codes made here.")
    currency = NamedChoiceField(["EUR"], schema_name="StatsCurrency")


class VisitOutput(serializers.Serializer[Any]):
    """Whether a visit was counted, and why not."""

    counted = serializers.BooleanField()
    visitors = serializers.IntegerField()
    reason = NamedChoiceField(
        ["seen", "bot", "staff", "opted_out", "prefetch", "cross_site"],
        schema_name="VisitReason",
        allow_null=True,
        help_text="Null when counted.",
    )


class ReceiptInput(Input):
    """What the payment page's script sends."""

    receipt = TextField(max_length=512, help_text="As signed by the payment page.")


@extend_schema_serializer(component_name="QrCodeInput")  # generated clients know it by this name
class PaymentCodeInput(Input):
    """What a permitted caller sends."""

    amount_cents = WholeNumberField(min_value=1, max_value=LARGEST_AMOUNT, help_text="EUR cents.")
    id = CallerIdField(help_text="The same id within 30 days counts once.")


@extend_schema_serializer(component_name="QrCodeOutput")
class PaymentCodeOutput(serializers.Serializer[Any]):
    """Whether a payment code was counted, and the totals now."""

    counted = serializers.BooleanField()
    qr_total = serializers.IntegerField()
    revenue_cents = serializers.IntegerField()


class UseInput(Input):
    """One use of a tool."""

    tool = TextField(max_length=64)
    id = CallerIdField(required=False, help_text="The same id within a day counts once.")


class ToolUsageOutput(serializers.Serializer[Any]):
    """Uses of one tool."""

    tool = serializers.CharField()
    count = serializers.IntegerField()


class UsageOutput(serializers.Serializer[Any]):
    """Uses of every tool, most used first."""

    tools = ToolUsageOutput(many=True)
