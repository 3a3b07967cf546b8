"""Where each address of the API is done, and what of its parameters is simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.stripe_fake import shapes
from tests.stripe_fake.actions import Actions
from tests.stripe_fake.errors import ApiError, no_such
from tests.stripe_fake.state import Card, Shape, StripeState


@dataclass(frozen=True)
class Call:
    """One request whose parameters fit the library's type of it; ids: those in its path."""

    state: StripeState
    ids: tuple[str, ...]
    params: dict[str, Any]

    @property
    def actions(self) -> Actions:
        return Actions(self.state)

    def own(self, kind: str) -> Shape:
        """The object that the path names. Raises ApiError."""
        return find(self.state, kind, self.ids[0])

    def named(self, kind: str, param: str) -> Shape | None:
        """The object that a parameter names; None where it is not given. Raises ApiError."""
        name = self.params.get(param)
        return find(self.state, kind, str(name), param) if name else None


Handler = Callable[[Call], Shape]


@dataclass(frozen=True)
class Endpoint:
    """One address. simulated: the parameters that change something here; others that Stripe knows are refused.

    "a.b": of what is inside `a` only what is named so; a name without such a list stands for all of it.
    """

    do: Handler
    simulated: frozenset[str]

    def not_simulated(self, params: dict[str, Any]) -> list[str]:
        """The parameters of a request that would change nothing here."""
        found = sorted(set(params) - {name.split(".")[0] for name in self.simulated})
        for name, value in params.items():
            inner = {one.split(".")[1] for one in self.simulated if one.startswith(f"{name}.")}
            things = value if isinstance(value, list) else [value]
            keys = {key for one in things if isinstance(one, dict) for key in one}
            found += [f"{name}[{key}]" for key in sorted(keys - inner) if inner]
        return found


ENDPOINTS: dict[str, Endpoint] = {}


def endpoint(address: str, simulated: str = "") -> Callable[[Handler], Handler]:
    """Register what is done at "POST /v1/customers/{customer}"."""

    def register(do: Handler) -> Handler:
        ENDPOINTS[address] = Endpoint(do, frozenset(simulated.split()) | {"expand"})
        return do

    return register


#: Cards of Stripe's test mode that may be named without being made first.
_TEST_CARDS: dict[str, Card] = {
    "pm_card_visa": "good", "pm_card_mastercard": "good", "pm_card_chargeCustomerFail": "declined",
    "pm_card_authenticationRequired": "authenticate",
}  # fmt: skip


def find(state: StripeState, kind: str, name: str, param: str = "id") -> Shape:
    """An object by its id. Raises ApiError: 404 when the path names it, 400 when a parameter does."""
    if kind == "payment_method" and name in _TEST_CARDS and not state.livemode:
        return shapes.payment_method(state, None, _TEST_CARDS[name])
    found = state.objects.get(name)
    if found is None or found["object"] != kind or found.get("deleted"):
        raise no_such(kind, name, param)
    return found


def not_simulated(what: str) -> ApiError:
    """Stripe can do it, this fake can't: a test that needs it must hear of it."""
    return ApiError(400, "invalid_request_error", f"The Stripe of these tests does not simulate {what}.")
