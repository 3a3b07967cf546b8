"""The API that makes payment codes. Nothing of an order is stored or logged, as on the payment page."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kv.errors import StoreUnavailable
from kv.rest.schema import extend_schema
from kv.rest.views import PublicView
from stats.conf import PAYMENT_CODE_LIMIT
from stats.forms.payment import PaymentForm
from stats.serializers import MadePaymentCodeOutput, PaymentOrderInput
from stats.services.payment_code_counts import is_over_limit
from stats.services.payment_codes import PaymentCode
from stats.services.receipts import sign_receipt
from stats.views import examples

JSON, SVG, PNG = "application/json", "image/svg+xml", "image/png"
RECEIPT_HEADER = "Payment-Code-Receipt"
_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept"}
_PICTURE = {"type": "string", "format": "binary"}


class PaymentCodesView(PublicView):
    """POST an order: its payment code as JSON, or as a picture when `Accept` asks for one."""

    rate_limit = PAYMENT_CODE_LIMIT
    uses_store = False

    def check_throttles(self, request: Request) -> None:
        """As on the page, a code is made while the store is away too: it needs no store."""
        with suppress(StoreUnavailable):
            super().check_throttles(request)

    @extend_schema(
        operation_id="make_payment_code",
        examples=examples.PAYMENT_ORDER,
        request=PaymentOrderInput,
        responses={(200, JSON): MadePaymentCodeOutput, (200, SVG): _PICTURE, (200, PNG): _PICTURE},
    )
    @method_decorator(sensitive_variables())
    def post(self, request: Request) -> Response | HttpResponse:
        """Make a payment code."""
        order = PaymentOrderInput(data=request.data)
        order.is_valid(raise_exception=True)
        code = _checked(order.validated_data)
        cents = code.order.amount_cents
        receipt = None if is_over_limit(cents) else sign_receipt(cents)
        kind = _preferred(self.django_request)
        if kind != JSON:
            headers = _HEADERS | ({RECEIPT_HEADER: receipt} if receipt else {})
            return HttpResponse(code.svg() if kind == SVG else code.png(), content_type=kind, headers=headers)
        return Response({"payload": code.payload, "svg": code.svg_element(), "receipt": receipt}, headers=_HEADERS)


def _preferred(request: HttpRequest) -> str:
    """What `Accept` likes best of the three; JSON too where it likes none of them, as everywhere in the API."""
    return request.get_preferred_type([JSON, SVG, PNG]) or JSON


@sensitive_variables()
def _checked(order: dict[str, Any]) -> PaymentCode:
    """The code, by the rules of the page's form. Raises ValidationError by field."""
    cents = order.pop("amount_cents", None)
    form = PaymentForm({**order, "amount": "" if cents is None else str(Decimal(cents).scaleb(-2))})
    if not form.is_valid():
        names = {"amount": "amount_cents"}
        raise ValidationError(
            {names.get(name, name): [str(text) for text in texts] for name, texts in form.errors.items()}
        )
    return form.code
