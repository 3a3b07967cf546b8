"""The API of checkout, portal and subscription."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from billing.conf import CHECKOUT_LIMIT, SUBSCRIPTION_LIMIT
from billing.errors import AlreadySubscribed, BillingOff, StripeRefused, StripeUnavailable, UnknownPlan, Unresolved
from billing.serializers import PlanInput, SubscriptionOutput, TopUpInput, UrlOutput
from billing.services import checkout, subscription_states
from billing.types import Choice, Plan
from billing.views import examples
from billing.views.addresses import checkout_addresses, portal_addresses
from kv.rest.codes import Code
from kv.rest.errors import InvalidInput, Refusal
from kv.rest.schema import extend_schema, one_of
from kv.rest.views import ANY_BODY, ApiView

_BILLING_OFF = Code(503, "billing_off", "Billing is not set up here.")
_STRIPE_CODES = (
    _BILLING_OFF,
    Code(503, "stripe_unavailable", "Stripe can't be reached."),
    Code(503, "stripe_busy", "Stripe has too much to do."),
    Code(503, "stripe_key_refused", "Stripe does not accept this site's key."),
    Code(503, "stripe_refused", "Stripe refuses for another reason; the site's log has it."),
    Code(409, "stripe_conflict", "The same request was sent twice with different content."),
)


#: Status, code and message for each kind of refusal of Stripe's.
REFUSALS: dict[str, Callable[[], Refusal]] = {
    "away": lambda: Refusal(503, "stripe_unavailable", "Stripe can't be reached. Try again in a moment."),
    "busy": lambda: Refusal(503, "stripe_busy", "Stripe has too much to do. Try again in a moment."),
    "key": lambda: Refusal(503, "stripe_key_refused", "Stripe does not accept this site's key. Tell its owner."),
    "portal": lambda: Refusal(503, "portal_not_set_up", "The portal is not set up. Tell the site's owner."),
    "currency": lambda: Refusal(409, "mixed_currencies", "What you pay for is in another currency."),
    "archived": lambda: Refusal(409, "price_archived", "This is not for sale any more. Choose again."),
    "card": lambda: Refusal(402, "card_refused", "The card was refused. Use another card, or ask your bank."),
    "idempotency": lambda: Refusal(409, "stripe_conflict", "The same request came twice and differs. Try again."),
    "refused": lambda: Refusal(503, "stripe_refused", "Stripe refused. The site's log has the reason."),
}  # fmt: skip


class CheckoutView(ApiView):
    """POST {plan, interval} or {topup}: the address of a new checkout at Stripe."""

    codes = (
        *_STRIPE_CODES,
        Code(402, "card_refused", "Stripe refuses the card."),
        Code(409, "already_subscribed", "A plan is paid for already; the portal changes it."),
        Code(409, "mixed_currencies", "What the user pays for already is in another currency."),
        Code(409, "price_archived", "The price is not sold any more."),
    )

    permission_classes = [IsAuthenticated]
    rate_limit = CHECKOUT_LIMIT

    @extend_schema(
        operation_id="open_checkout",
        examples=examples.CHECKOUT,
        request=one_of("Checkout", [PlanInput, TopUpInput]),
        responses={201: UrlOutput},
    )
    def post(self, request: Request) -> Response:
        """Open a checkout."""
        user: Any = request.user
        if isinstance(request.data, dict) and "topup" in request.data:
            bought = TopUpInput(data=request.data)
            bought.is_valid(raise_exception=True)
            tokens = bought.validated_data["topup"]
            addresses = checkout_addresses(self.django_request, Choice(tokens=tokens))
            return _opened("topup", lambda: checkout.open_topup_checkout(user, tokens, addresses))
        form = PlanInput(data=request.data)
        form.is_valid(raise_exception=True)
        plan, interval = Plan(form.validated_data["plan"]), form.validated_data["interval"]
        addresses = checkout_addresses(self.django_request, Choice(plan, interval))
        return _opened("plan", lambda: checkout.open_plan_checkout(user, plan, interval, addresses))


class PortalView(ApiView):
    """POST: the address of the caller's portal at Stripe."""

    parser_classes = ANY_BODY
    codes = (*_STRIPE_CODES, Code(503, "portal_not_set_up", "The portal's settings were never saved at Stripe."))

    permission_classes = [IsAuthenticated]
    rate_limit = CHECKOUT_LIMIT

    @extend_schema(operation_id="open_portal", examples=examples.PORTAL, request=None, responses={201: UrlOutput})
    def post(self, request: Request) -> Response:
        """Open the portal."""
        self.refuse_fields(request)
        addresses = portal_addresses(self.django_request)
        user: Any = request.user
        return _opened("portal", lambda: checkout.open_portal(user, addresses))


class SubscriptionView(ApiView):
    """GET: what the caller pays for."""

    permission_classes = [IsAuthenticated]
    rate_limit = SUBSCRIPTION_LIMIT

    @extend_schema(operation_id="get_subscription", examples=examples.SUBSCRIPTION, responses=SubscriptionOutput)
    def get(self, request: Request) -> Response:
        """What the caller pays for, as last read from Stripe."""
        state = subscription_states.read_state(str(request.user.pk))
        return Response(SubscriptionOutput(asdict(state)).data, headers={"Cache-Control": "no-store"})


def _opened(field: str, open_session: Callable[[], str]) -> Response:
    try:
        return Response({"url": open_session()}, status=201)
    except UnknownPlan as error:
        raise InvalidInput(field, "This is not for sale here.") from error
    except AlreadySubscribed as error:
        raise Refusal(409, "already_subscribed", "A plan is paid for already. Change it in the portal.") from error
    except BillingOff as error:
        raise Refusal(503, "billing_off", "Billing is not set up here.") from error
    except (StripeUnavailable, StripeRefused) as error:
        refusal = REFUSALS[error.kind]()
        if isinstance(error, StripeUnavailable):
            refusal.headers = {"Retry-After": "5"}  # type: ignore[attr-defined] # DRF's handler reads it
        raise refusal from error
    except Unresolved as error:
        refusal = REFUSALS["refused"]()
        raise refusal from error
