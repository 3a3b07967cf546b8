"""Redeems vouchers for a caller: each failed try counts as a guess, by the user and by the address."""

from __future__ import annotations

from contextlib import suppress

from django.http import HttpRequest
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kv.errors import StoreUnavailable
from kv.rest.codes import PERMISSION_DENIED, RATE_LIMITED, by_field
from kv.rest.errors import Refusal
from kv.rest.fields import TextField
from kv.rest.idempotency import IDEMPOTENCY_CONFLICT, KEY_HEADER
from kv.rest.inputs import Input, unknown_fields
from kv.rest.schema import extend_schema
from kv.web.throttling import caller_id, check_identity, forgive
from usertokens.conf import REDEEM_ADDRESS_LIMIT, REDEEM_LIMIT
from usertokens.errors import (
    VoucherForNewUsers,
    VoucherNotYet,
    VoucherOver,
    VoucherRefused,
    VoucherUsed,
)
from usertokens.serializers import AddedOutput
from usertokens.services.vouchers import redeem_voucher
from usertokens.types import Movement
from usertokens.views import examples
from usertokens.views.base import ACCOUNT_CLOSED, BALANCE_TOO_LARGE, UserTokensView
from usertokens.views.tokens import movement_body


def redeem_for(request: HttpRequest, code: str, *, key: str = "") -> Movement:
    """Redeem a code for the user of the request. Raises what `redeem_voucher` does, and RateLimited.

    Each try is counted before the code is looked at, so that many at once are no way around the limit; one that was no
    wrong guess is taken off again.
    """
    user_id, address = str(request.user.pk), caller_id(request)
    check_identity(REDEEM_ADDRESS_LIMIT, address)
    check_identity(REDEEM_LIMIT, user_id)
    try:
        moved = redeem_voucher(user_id, code, key=key)
    except VoucherRefused:
        raise
    except Exception:
        _forgive(user_id, address)
        raise
    _forgive(user_id, address)
    return moved


def _forgive(user_id: str, address: str) -> None:
    with suppress(StoreUnavailable):  # the limits are left a little tighter
        forgive(REDEEM_LIMIT, user_id)
        forgive(REDEEM_ADDRESS_LIMIT, address)


#: What is wrong with a code: each refusal under its own name.
REFUSALS = (
    by_field(400, "voucher_unknown", "There is no such code."),
    by_field(400, "voucher_over", "The code's time is over, or it was stopped."),
    by_field(
        400, "voucher_not_yet", "The code is not valid yet.",
        valid_from={"type": "string", "format": "date-time", "example": "2026-12-01T00:00:00+00:00"},
    ),
    by_field(
        400, "voucher_used", "The code is used up, or you have redeemed it already.",
        by_you={"type": "boolean", "description": "Whether it was you.", "example": True},
    ),
    by_field(
        400, "voucher_for_new_users", "The code is for users who signed up a short time ago.",
        days={"type": "integer", "description": "Days since the sign-up, at most.", "example": 7},
    ),
)  # fmt: skip


class RedeemInput(Input):
    """A voucher's code."""

    code = TextField(max_length=200, help_text="As it was given out; case, spaces and hyphens do not matter.")


class RedeemView(UserTokensView):
    """POST {code}: grant the caller the tokens of a voucher."""

    codes = (PERMISSION_DENIED, RATE_LIMITED, ACCOUNT_CLOSED, *REFUSALS, BALANCE_TOO_LARGE, IDEMPOTENCY_CONFLICT)

    @extend_schema(
        operation_id="redeem_voucher", examples=examples.REDEEM, parameters=[KEY_HEADER], request=RedeemInput,
        responses=AddedOutput,
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Redeem a voucher. A failed try counts against the limits `redeem` and `redeem_address`."""
        if unknown := unknown_fields(request.query_params, ()):
            raise ValidationError(unknown)
        form = RedeemInput(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            moved = redeem_for(request, form.validated_data["code"], key=self.idempotency_key(request))
        except VoucherRefused as refused:
            raise _refusal(refused) from None
        return Response(movement_body(moved, "added"))


def _refusal(error: VoucherRefused) -> Refusal:
    """The refusal; the code itself is in none of them."""
    match error:
        case VoucherUsed():
            said = "You have redeemed this code already." if error.by_you else "This code is used up."
            return Refusal(400, "voucher_used", said, errors={"code": [said]}, by_you=error.by_you)
        case VoucherNotYet():
            at = error.valid_from.isoformat()
            said = f"This code is valid from {at} on."
            return Refusal(400, "voucher_not_yet", said, errors={"code": [said]}, valid_from=at)
        case VoucherForNewUsers():
            said = f"This code is for users who signed up in the last {error.days} days."
            return Refusal(400, "voucher_for_new_users", said, errors={"code": [said]}, days=error.days)
        case VoucherOver():
            said = "The time of this code is over."
            return Refusal(400, "voucher_over", said, errors={"code": [said]})
    said = "There is no such code."
    return Refusal(400, "voucher_unknown", said, errors={"code": [said]})
