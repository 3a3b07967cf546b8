"""The webhook endpoint, which Stripe calls."""

from __future__ import annotations

from typing import Any

from django.db.transaction import non_atomic_requests
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response

from billing.errors import BadEvent, BadSignature, BillingOff
from billing.serializers import ReceivedOutput
from billing.services import inbox, signatures
from billing.views import examples
from kv.rest.codes import DATABASE_UNAVAILABLE, Code, by_field
from kv.rest.errors import Refusal
from kv.rest.negotiation import BodyTooLarge
from kv.rest.schema import extend_schema
from kv.rest.views import PublicView

MAX_BODY = 1024 * 1024


class StripeWebhookView(PublicView):
    """POST: store an event of Stripe's in the inbox; 200 only after it is stored."""

    # The signature is over the bytes, so no parser reads them before it is checked.
    parser_classes = []
    max_body = MAX_BODY
    uses_store = False
    codes = (
        by_field(400, "bad_signature", "Not signed by Stripe, or more than 300 s from now."),
        by_field(400, "bad_event", "Signed, but no event."),
        Code(503, "billing_off", "No webhook secret is set here; Stripe sends the event again."),
        DATABASE_UNAVAILABLE,
    )

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Not inside a project's transaction: the row is committed before Stripe is answered and the worker woken."""
        return non_atomic_requests(super().as_view(**initkwargs))

    @extend_schema(
        operation_id="receive_stripe_event",
        examples=examples.EVENT,
        request={"application/json": {"type": "object"}},
        responses=ReceivedOutput,
    )
    def post(self, request: Request) -> Response:
        """Take an event of Stripe's."""
        body = _raw_body(self.django_request)
        try:
            signatures.verify_signature(body, request.headers.get("Stripe-Signature", ""))
            is_new = inbox.take_event(body)
        except BillingOff as error:
            raise Refusal(503, "billing_off", "No webhook secret is set here.") from error
        except BadSignature as error:
            raise Refusal(400, "bad_signature", "The signature is missing, wrong, or too old.") from error
        except BadEvent as error:
            raise Refusal(400, "bad_event", "The body is no event.") from error
        return _Acknowledged({"received": True}) if is_new else Response({"received": True})


class _Acknowledged(Response):
    """Wakes the worker after the answer is sent, so that Stripe does not wait for a slow store."""

    def close(self) -> None:
        """Called by the server after the body was sent."""
        super().close()
        inbox.wake_worker()


def _raw_body(request: HttpRequest) -> bytes:
    body: bytes = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise BodyTooLarge(MAX_BODY)
    return body
