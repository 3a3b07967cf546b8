"""The API of holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from kv.rest.codes import RATE_LIMITED, Code
from kv.rest.idempotency import IDEMPOTENCY_CONFLICT, KEY_HEADER
from kv.rest.permissions import may
from kv.rest.schema import extend_schema, parameter
from usertokens.conf import HOLD_LIMIT
from usertokens.permissions import ACT_FOR_ANY
from usertokens.serializers import ForUserInput, ReleasedOutput
from usertokens.serializers.charges import CapturedOutput, CaptureInput, HoldInput, HoldOutput
from usertokens.services import holds
from usertokens.views import examples
from usertokens.views.base import (
    BUDGET_EXCEEDED,
    FOR_USERS,
    HOLD_ENDED,
    HOLD_OF_SERVICE,
    INSUFFICIENT_TOKENS,
    UserTokensView,
)
from usertokens.views.tokens import movement_body, priced, used_body

_ID = parameter("hold_id", str, "path", description="As the answer to the hold gave it.")


class HoldsView(UserTokensView):
    """POST {amount, ttl_seconds, reason}, or with {action, quantity?} in place of the amount: set tokens aside."""

    codes = (*FOR_USERS, RATE_LIMITED, INSUFFICIENT_TOKENS, BUDGET_EXCEEDED, IDEMPOTENCY_CONFLICT)

    @extend_schema(
        operation_id="hold_tokens", examples=examples.HOLD, parameters=[KEY_HEADER], request=HoldInput,
        responses={201: HoldOutput},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Set tokens aside until they are captured or released."""
        form = HoldInput(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        user_id = self.subject(request, data.get("userId"), ACT_FOR_ANY)
        actor = self.actor(request, user_id)
        self.count_own(request, HOLD_LIMIT, actor)
        hold = holds.hold_tokens(
            user_id,
            data.get("amount"),
            ttl_seconds=data["ttl_seconds"],
            reason=data.get("reason", ""),
            **priced(data),
            by_service=bool(actor),
            key=self.idempotency_key(request),
            actor=actor,
        )
        body = {
            "id": hold.id,
            "amount": hold.amount,
            "expires_at": hold.expires_at.isoformat(),
            "balance": hold.balance,
        }
        return Response(body | used_body(hold), status=201)


class HoldView(UserTokensView):
    """What ending a hold needs, whichever way."""

    codes: ClassVar[Sequence[Code]] = (*FOR_USERS, HOLD_OF_SERVICE, HOLD_ENDED, IDEMPOTENCY_CONFLICT)

    def hold_call(
        self, request: Request, shape: type[ForUserInput], hold_id: str
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """The holder, the input, and the arguments that both services take. Raises ValidationError and 403 or 404."""
        form = shape(data=request.data)
        form.is_valid(raise_exception=True)
        user_id = self._holder(request, form.validated_data.get("userId"), hold_id)
        actor = self.actor(request, user_id)
        options = {"by_service": bool(actor), "key": self.idempotency_key(request), "actor": actor}
        return user_id, form.validated_data, options

    def _holder(self, request: Request, named: str | None, hold_id: str) -> str:
        """The user of the hold. A service need not name them, since the id does; other callers learn nothing of a hold
        that is not theirs.
        """
        holder = holds.holder_of(hold_id) if named is None else None
        if holder not in (None, str(request.user.pk)) and may(request.user, ACT_FOR_ANY):
            named = holder
        return self.subject(request, named, ACT_FOR_ANY)


class CaptureView(HoldView):
    """POST {amount?} or {quantity?}: take what was used of a hold, and what goes over it."""

    codes = (*HoldView.codes, INSUFFICIENT_TOKENS, BUDGET_EXCEEDED)

    @extend_schema(
        operation_id="capture_hold", examples=examples.CAPTURE, parameters=[_ID, KEY_HEADER],
        request=CaptureInput,
        responses=CapturedOutput,
    )  # fmt: skip
    def post(self, request: Request, hold_id: str) -> Response:
        """End a hold by taking what was used."""
        user_id, data, options = self.hold_call(request, CaptureInput, hold_id)
        ended = holds.capture_hold(user_id, hold_id, data.get("amount"), quantity=data.get("quantity"), **options)
        return Response(movement_body(ended, "captured"))


class ReleaseView(HoldView):
    """POST: give a hold's tokens back."""

    @extend_schema(
        operation_id="release_hold", examples=examples.RELEASE, parameters=[_ID, KEY_HEADER],
        request=ForUserInput,
        responses=ReleasedOutput,
    )  # fmt: skip
    def post(self, request: Request, hold_id: str) -> Response:
        """End a hold by giving its tokens back."""
        user_id, _, options = self.hold_call(request, ForUserInput, hold_id)
        ended = holds.release_hold(user_id, hold_id, **options)
        return Response(movement_body(ended, "released"))
