"""What the API views share: the user that a call is about, its idempotency key, and errors as responses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from kv.rest.codes import NOT_FOUND, PERMISSION_DENIED, Code
from kv.rest.errors import InvalidInput, Refusal
from kv.rest.idempotency import read_key
from kv.rest.inputs import unknown_fields
from kv.rest.permissions import may
from kv.rest.schema import parameter
from kv.rest.views import SAFE, ApiView
from kv.web.rate_limits import RateLimit, RateLimited
from kv.web.throttling import check_identity
from usertokens import errors
from usertokens.permissions import ACT_FOR_ANY
from usertokens.services.users import require_user

USER_QUERY = parameter(
    "userId", {"type": "string", "maxLength": 64}, description="Another user, for callers with the permission."
)

#: What every call may be refused with, and what some may.
ACCOUNT_CLOSED = Code(404, "account_closed", "This account was deleted.")
FOR_USERS = (NOT_FOUND, PERMISSION_DENIED, ACCOUNT_CLOSED)
INSUFFICIENT_TOKENS = Code(
    402, "insufficient_tokens", "The balance is too small; nothing was taken.",
    {
        "success": {"type": "boolean", "description": "Always false.", "example": False},
        "balance": {"type": "integer", "format": "int64", "description": "Tokens.", "example": 2},
        "required": {"type": "integer", "format": "int64", "description": "Tokens.", "example": 3},
    },
)  # fmt: skip
BUDGET_EXCEEDED = Code(
    402, "budget_exceeded", "A budget would be exceeded; nothing was taken.",
    {
        "success": {"type": "boolean", "description": "Always false.", "example": False},
        "budget": {"type": "string", "description": "Such as day or actions.image.month.", "example": "month"},
        "limit": {"type": "integer", "format": "int64", "description": "Tokens.", "example": 500},
        "used": {
            "type": "integer", "format": "int64", "description": "Tokens, with those on hold.", "example": 499,
        },
        "opens_at": {"type": "string", "format": "date-time", "description": "When its next day or month begins."},
    },
)  # fmt: skip
BALANCE_TOO_LARGE = Code(409, "balance_too_large", "The balance would be larger than 2^53 - 1.")
OPEN_HOLDS = Code(409, "open_holds", "Tokens are on hold, so nothing can be reset.")
HOLD_ENDED = Code(409, "hold_ended", "The hold was captured or released already, or has expired.")
HOLD_OF_SERVICE = Code(403, "hold_of_service", "A service made this hold, so only a service can end it.")


class UserTokensView(ApiView):
    """For a caller who is logged in: their own data, or another user's with the permission that the view names."""

    permission_classes = [IsAuthenticated]
    codes: ClassVar[Sequence[Code]] = FOR_USERS

    def handle_exception(self, exc: Exception) -> Any:
        """Turn exceptions of services into responses."""
        return super().handle_exception(refusal_of(exc))

    def subject(self, request: Request, user_id: str | None, permission: str) -> str:
        """The id of the user that the call is about: the caller's own when none is named.

        Raises 403 without the permission for any other id, even an unknown one; 404 with the permission for an unknown
        one; InvalidInput for an id in the wrong place, since the call would then be about the caller.
        """
        own = str(request.user.pk)
        is_misplaced = user_id is None and (user_id := _misplaced_user(request)) is not None
        if user_id is None or user_id == own:
            _refuse_unknown_query(request)
            return own
        if not may(request.user, permission):
            self.permission_denied(request)
        if is_misplaced:
            raise InvalidInput("userId", f"This belongs in the {'body' if request.method == 'POST' else 'query'}.")
        _refuse_unknown_query(request)
        return require_user(user_id)

    def actor(self, request: Request, subject: str) -> str:
        """The id of the caller, "" when they act for themselves."""
        own = str(request.user.pk)
        return "" if own == subject else own

    def count_own(self, request: Request, limit: RateLimit, actor: str) -> None:
        """Count a call that users make for themselves, by their id. Raises RateLimited.

        A caller who may act for any user is not limited. That check needs queries, so it runs only over the limit.
        """
        if actor:
            return
        try:
            check_identity(limit, str(request.user.pk))
        except RateLimited:
            if not may(request.user, ACT_FOR_ANY):
                raise

    def idempotency_key(self, request: Request) -> str:
        """The header's value; "" without one. Raises InvalidInput."""
        return read_key(request.META)


def refusal_of(error: Exception) -> Exception:
    """The exception of DRF that answers an error of a service; any other error itself."""
    translate = _ANSWERS.get(type(error))
    return translate(error) if translate else error


def _refuse_unknown_query(request: Request) -> None:
    """Raise ValidationError for a write with any query parameter but `userId`."""
    if request.method not in SAFE and (unknown := unknown_fields(request.query_params, ("userId",))):
        raise ValidationError(unknown)


def _misplaced_user(request: Request) -> str | None:
    """The `userId` in the wrong place: in the query of a POST, in the body of a PATCH or PUT."""
    if request.method == "POST":
        return request.query_params.get("userId")
    if request.method not in ("PATCH", "PUT"):
        return None
    found = request.data.get("userId") if isinstance(request.data, Mapping) else None
    return None if found is None else str(found)


def validated(shape: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """Validate `data` with a flat serializer, for the busiest calls. Raises ValidationError.

    Validation stores nothing in the serializer, so one instance serves all calls: creating one copies every field,
    which takes a tenth of a request.
    """
    values: dict[str, Any] = _serializer(shape).run_validation(data)
    return values


@lru_cache(maxsize=16)
def _serializer(shape: type[Serializer[Any]]) -> Serializer[Any]:
    return shape()


def _insufficient(error: Any) -> Refusal:
    needed = "1 token is" if error.required == 1 else f"{error.required} tokens are"
    detail = f"{needed} needed, the balance is {error.balance}."
    return Refusal(402, "insufficient_tokens", detail, success=False, balance=error.balance, required=error.required)


def _over_budget(error: Any) -> Refusal:
    limit = "1 token" if error.limit == 1 else f"{error.limit} tokens"
    detail = f"Used or on hold of the budget {error.budget}, {limit}: {error.used}."
    return Refusal(
        402, "budget_exceeded", detail,
        success=False, budget=error.budget, limit=error.limit, used=error.used, opens_at=error.opens_at.isoformat(),
    )  # fmt: skip


def _refusal(status: int, code: str, detail: str) -> Callable[[Any], Refusal]:
    return lambda _: Refusal(status, code, detail)


_ANSWERS: dict[type[Exception], Callable[[Any], Exception]] = {
    errors.InsufficientTokens: _insufficient,
    errors.BudgetExceeded: _over_budget,
    errors.IdempotencyConflict: _refusal(409, "idempotency_conflict", "This key was used for something else."),
    errors.BalanceTooLarge: _refusal(
        409, "balance_too_large", "The balance would become too large. Enter a smaller number."
    ),
    errors.OpenHolds: _refusal(409, "open_holds", "Tokens are on hold. Capture or release them first."),
    errors.HoldEnded: _refusal(409, "hold_ended", "This hold has been captured, released or has expired."),
    errors.HoldNotYours: _refusal(403, "hold_of_service", "A service made this hold, so a service ends it."),
    errors.UnknownHold: _refusal(404, "not_found", "There is no such hold."),
    errors.UnknownUser: _refusal(404, "not_found", "There is no such user."),
    errors.AccountClosed: _refusal(404, "account_closed", "This account was closed."),
    errors.UnknownAction: lambda _: InvalidInput("action", "There is no such action."),
    errors.HoldWithoutAction: lambda _: InvalidInput("quantity", "This hold names no action, so it has no units."),
    errors.AlreadyExpired: lambda _: InvalidInput("expires_at", "A time in the future is required."),
    errors.UnknownPlan: lambda _: InvalidInput("plan", "There is no such plan."),
}
