"""Shapes of the API's input and output."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kv.rest.fields import CallerIdField, NamedChoiceField, TextField, WholeNumberField
from kv.rest.inputs import Input
from kv.rest.schema import extend_schema_serializer
from stats.services.history import DEFAULT_DAYS, LONGEST_DAYS

LARGEST_AMOUNT = 99_999_999_999


class FiguresOutput(serializers.Serializer[Any]):
    """The public totals."""

    visitors = serializers.IntegerField()
    qr_total = serializers.IntegerField()
    revenue_cents = serializers.IntegerField(help_text="EUR cents on payment codes made here.")
    currency = NamedChoiceField(["EUR"], schema_name="StatsCurrency")


class HistoryInput(serializers.Serializer[Any]):
    """Which days of the history."""

    days = serializers.IntegerField(
        min_value=1, max_value=LONGEST_DAYS, default=DEFAULT_DAYS, help_text="How many; the last one is today."
    )


class DayOutput(serializers.Serializer[Any]):
    """The figures of one day of the site's time zone; noughts before counting began."""

    date = serializers.DateField()
    visitors = serializers.IntegerField(help_text="Visitors who were here for the first time.")
    qr = serializers.IntegerField(help_text="Payment codes.")
    amount_cents = serializers.IntegerField(help_text="EUR cents on them.")


class HistoryOutput(serializers.Serializer[Any]):
    """The figures of the last days, oldest day first."""

    days = DayOutput(many=True)


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


class PaymentOrderInput(Input):
    """Whom to pay, how much and what for. `stats.forms` checks what the texts say, as on the payment page."""

    beneficiary = TextField(max_length=70, help_text="The name on the account.")
    iban = TextField(max_length=128, help_text="Spaces and lower-case letters are fine.")
    bic = TextField(required=False, allow_blank=True, max_length=128, help_text="Needed outside the EEA.")
    amount_cents = WholeNumberField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=LARGEST_AMOUNT,
        help_text="EUR cents. Without it the payer enters the amount.",
    )
    remittance_text = TextField(required=False, allow_blank=True, max_length=140, help_text="Instead of `reference`.")
    reference = TextField(
        required=False, allow_blank=True, max_length=128, help_text="Such as RF18539007547034; at most 35 in the code."
    )
    purpose = TextField(required=False, allow_blank=True, max_length=4, help_text="ISO 20022's code, such as GDDS.")
    note = TextField(required=False, allow_blank=True, max_length=70, help_text="To the payer; not transferred.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The same. Raises ValidationError where a text and a reference say what it is for."""
        if attrs.get("remittance_text") and attrs.get("reference"):
            both = ["Give either remittance_text or reference, not both."]
            raise serializers.ValidationError({"remittance_text": both, "reference": both})
        return attrs


class MadePaymentCodeOutput(serializers.Serializer[Any]):
    """A payment code, and what counts it."""

    payload = serializers.CharField(
        help_text="The lines of EPC069-12. The third names the charset of the code's bytes: 1 is UTF-8, 2 ISO 8859-1."
    )
    svg = serializers.CharField(help_text="The square as SVG.")
    receipt = serializers.CharField(
        allow_null=True,
        help_text="`POST /api/stats/qr` counts it, within a day. Null where the amount is over the limit for one code.",
    )


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
