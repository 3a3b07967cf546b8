"""The API of automatic top-up."""

from __future__ import annotations

from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from billing.conf import SUBSCRIPTION_LIMIT
from billing.errors import (
    AutoTopUpIncomplete,
    AutoTopUpStopped,
    BillingOff,
    CapTooLow,
    PaymentDisputed,
    UnknownPlan,
)
from billing.serializers import AutoTopUpInput, AutoTopUpOutput
from billing.services import auto_settings
from billing.services.auto_settings import AutoState
from billing.views import examples
from billing.views.addresses import action_address
from kv.rest.codes import STORE_UNAVAILABLE, Code
from kv.rest.errors import InvalidInput, Refusal
from kv.rest.schema import extend_schema
from kv.rest.views import ApiView
from usertokens.errors import AccountClosed

_FIELDS = {"threshold": "threshold", "tokens": "topup", "monthly_cap": "monthly_cap_cents"}


class AutoTopUpView(ApiView):
    """GET: the caller's automatic top-up. PUT {enabled, threshold, topup, monthly_cap_cents}: change it."""

    permission_classes = [IsAuthenticated]
    rate_limit = SUBSCRIPTION_LIMIT
    uses_store = False  # but for writes
    write_codes = (
        STORE_UNAVAILABLE,
        Code(503, "billing_off", "Billing is not set up here."),
        Code(404, "account_closed", "The account was closed."),
        Code(409, "auto_topup_stopped", "Staff have stopped it for this user."),
        Code(409, "payment_disputed", "A payment of the user is disputed."),
    )

    @extend_schema(operation_id="get_auto_topup", examples=examples.AUTO_TOPUP, responses=AutoTopUpOutput)
    def get(self, request: Request) -> Response:
        """What is charged by itself, and whether anything is missing for that."""
        return self._answer(auto_settings.read_auto_topup(str(request.user.pk)))

    @extend_schema(
        operation_id="save_auto_topup",
        examples=examples.SAVE_AUTO_TOPUP,
        request=AutoTopUpInput,
        responses=AutoTopUpOutput,
    )
    def put(self, request: Request) -> Response:
        """Switch it on or off, or change it."""
        form = AutoTopUpInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        try:
            return self._answer(
                auto_settings.save_auto_topup(
                    str(request.user.pk),
                    is_on=given["enabled"],
                    **{name: given.get(field) for name, field in _FIELDS.items()},
                )
            )
        except UnknownPlan as error:
            raise InvalidInput("topup", "This is not for sale here.") from error
        except AutoTopUpIncomplete as error:
            raise ValidationError(
                {_FIELDS[name]: ["This is required to switch it on."] for name in error.missing}
            ) from error
        except CapTooLow as error:
            message = f"One top-up costs {error.cents} cents of {error.currency}: the cap must be that at least."
            raise InvalidInput("monthly_cap_cents", message) from error
        except AutoTopUpStopped as error:
            raise Refusal(409, "auto_topup_stopped", "It was stopped by staff. Ask the site's owner.") from error
        except PaymentDisputed as error:
            raise Refusal(409, "payment_disputed", "A payment is disputed. Switch it on when that is over.") from error
        except BillingOff as error:
            raise Refusal(503, "billing_off", "Billing is not set up here.") from error
        except AccountClosed as error:
            raise Refusal(404, "account_closed", "This account was closed.") from error

    def _answer(self, state: AutoState) -> Response:
        answer = {
            "enabled": state.is_on,
            "threshold": state.threshold,
            "topup": state.tokens,
            "monthly_cap_cents": state.monthly_cap,
            "status": state.status.value,
            "action_url": action_address(self.django_request, state.status),
        }
        return Response(AutoTopUpOutput(answer).data, headers={"Cache-Control": "no-store"})
