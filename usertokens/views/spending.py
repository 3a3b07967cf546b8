"""`@spends("image")`: a view whose success costs its user tokens."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.utils.functional import LazyObject
from rest_framework.request import Request

from kv.process.threads import submit, to_its_end, to_its_end_or
from kv.rest.idempotency import read_key
from usertokens.conf import app_settings
from usertokens.services.charges import Charge
from usertokens.services.held import HOLD_SECONDS
from usertokens.services.holds import LONGEST_HOLD
from usertokens.services.ledger import require_whole
from usertokens.services.prices import action_names
from usertokens.types import LARGEST_AMOUNT
from usertokens.views.charged_responses import charge_later, is_error
from usertokens.views.refusals import REFUSED, refuse, refuse_anonymous
from usertokens.views.request_bodies import body_digest, plain_request

#: The attributes of a request: its charge, of several that are nested the last to begin; and how many there are.
_CHARGE, _CHARGES = "_usertokens_charge", "_usertokens_charges"

View = TypeVar("View", bound=Callable[..., Any])


def spends(
    action: str,
    *,
    amount: int | None = None,
    cost: Callable[..., Any] | None = None,
    quantity: int | Callable[..., Any] | None = None,
    ttl_seconds: int = HOLD_SECONDS,
) -> Callable[[View], View]:
    """Decorate a view: its user pays when it has succeeded.

    action: the reason in the journal; when TOKEN_ACTIONS names it and neither `amount` nor `cost` is given, its price.
    amount: whole tokens; None: as `cost` says, or what the action costs, or else GENERATION_COST.
    cost:   called with the view's arguments; returns whole tokens, 0 for nothing. It may be async for an async view.
    quantity: how many units of the action are expected, 1 without it: a number, or a function as `cost` is. Then the
            call raises UnknownAction when TOKEN_ACTIONS does not name the action. `report_use` says what was used.
    ttl_seconds: 1 to 86400; longer than the view and its stream take.

    The tokens are on hold while the view runs. A response with a status below 400 takes them, once it is rendered and,
    if it is a stream, has ended. An exception, a status from 400 on and a stream that breaks release them. OPTIONS
    costs nothing. Works on functions, on methods by `method_decorator`, on DRF's handlers and on async views.
    Decorating raises ValueError for an invalid amount or life.
    """
    if not isinstance(action, str):
        raise TypeError('spends needs an action: @spends("image")')
    if sum(given is not None for given in (amount, cost, quantity)) > 1:
        raise TypeError("spends takes one of amount, cost and quantity")
    if amount is not None:
        require_whole(1, amount=amount)
    if quantity is not None and not callable(quantity):
        require_whole(1, LARGEST_AMOUNT, quantity=quantity)
    require_whole(1, LONGEST_HOLD, ttl_seconds=ttl_seconds)

    def decorate(view: View) -> View:
        spending = _Spending(view, action, amount, cost, quantity, ttl_seconds)
        if iscoroutinefunction(view):

            @wraps(view)
            async def charged(*args: Any, **kwargs: Any) -> Any:
                return await spending.arun(args, kwargs)

            return cast("View", charged)

        @wraps(view)
        def charged_or_awaitable(*args: Any, **kwargs: Any) -> Any:
            return spending.arun(args, kwargs) if _is_async_dispatch(view, args) else spending.run(args, kwargs)

        return cast("View", charged_or_awaitable)

    return decorate


def report_use(request: HttpRequest | Request, amount: int | None = None, *, quantity: int | None = None) -> None:
    """Say what a view that `spends` decorates has really used, also from within its stream; the last call counts.

    amount: whole tokens; or else `quantity`, units of its action. 0: nothing is taken. What goes over the expected is
    taken from the balance; of a response that was not sent yet the user gets 402 when it is not there, of a stream all
    that is on hold is taken, and the log says so.
    Raises ValueError for an invalid number, for a quantity without an action, and outside of such a view.
    """
    charge: Charge | None = vars(plain_request(request)).get(_CHARGE)
    if charge is None:
        raise ValueError("report_use belongs into a view that spends decorates")
    charge.use(amount, quantity=quantity)


@dataclass(frozen=True, slots=True)
class _Spending:
    """One decorated view, and what its success costs."""

    view: Callable[..., Any]
    action: str
    amount: int | None
    cost: Callable[..., Any] | None
    quantity: int | Callable[..., Any] | None
    ttl_seconds: int

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The view's response, or a refusal."""
        request, own = _split(args)
        if request.method == "OPTIONS":
            return self.view(*args, **kwargs)
        user: Any = request.user
        if not (user and user.is_authenticated):
            return refuse_anonymous(request)
        asked = self._asked
        price = self._price() if asked is None else asked(request, *own, **kwargs)
        try:
            charge = self._charge(request, user, price)
            charge.begin()
        except REFUSED as error:
            return refuse(request, error)
        try:
            response = self.view(*args, **kwargs)
        except BaseException:
            charge.abandon()
            raise
        if is_error(response):
            charge.abandon()
        elif not charge_later(charge, request, response):
            try:
                charge.settle()
            except REFUSED as error:
                return refuse(request, error, instead_of=response)
        return response

    async def arun(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The same on the event loop: the store and the refusals' pages are left to threads."""
        request, own = _split(args)
        if request.method == "OPTIONS":
            return await _awaited(self.view(*args, **kwargs))
        user: Any = await _auser(request)
        if not (user and user.is_authenticated):
            return refuse_anonymous(request)
        price = await self._aprice(request, own, kwargs)
        try:
            charge = await sync_to_async(self._charge)(request, user, price)  # it may read the body
            await to_its_end_or(submit(charge.begin), lambda _: charge.abandon())
        except REFUSED as error:
            return await sync_to_async(refuse)(request, error)
        try:
            response = await _awaited(self.view(*args, **kwargs))
        except BaseException:
            await to_its_end(submit(charge.abandon))
            raise
        if is_error(response):
            await to_its_end(submit(charge.abandon))
        elif not charge_later(charge, request, response):
            try:
                await to_its_end(submit(charge.settle))
            except REFUSED as error:
                return await sync_to_async(refuse)(request, error, instead_of=response)
        return response

    def _charge(self, request: HttpRequest | Request, user: Any, price: Any) -> Charge:
        """Raises InvalidInput for a bad Idempotency-Key, ValueError for a price that is no number of tokens."""
        if inspect.iscoroutine(price):
            price.close()
            raise TypeError("the cost of a view that is not async can't be async")
        key = read_key(request.META)
        plain = vars(plain_request(request))
        plain[_CHARGES] = plain.get(_CHARGES, 0) + 1
        if key and plain[_CHARGES] > 1:
            # A view within a view: each is paid once under the request's key. No header can say this key.
            key = f"{key} · {plain[_CHARGES]}"
        body = (f"{request.method} {request.get_full_path()}", body_digest(request)) if key else ()
        order: dict[str, Any] = {"amount": None, "action": self.action, "quantity": price}
        if not self._is_by_action:
            order = {"amount": price}
        charge = Charge(str(user.pk), **order, reason=self.action, key=key, body=body, ttl_seconds=self.ttl_seconds)
        plain[_CHARGE] = charge
        return charge

    @property
    def _asked(self) -> Callable[..., Any] | None:
        """The function that says how many tokens or units it is."""
        return self.quantity if callable(self.quantity) else self.cost

    @property
    def _is_by_action(self) -> bool:
        if self.quantity is not None:
            return True
        return self.amount is None and self.cost is None and self.action in action_names()

    def _price(self) -> int:
        """Tokens, or units of the action."""
        if self._is_by_action:
            return 1 if self.quantity is None else cast("int", self.quantity)
        return app_settings.GENERATION_COST if self.amount is None else self.amount

    async def _aprice(self, request: HttpRequest | Request, own: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        asked = self._asked
        if asked is None:
            return self._price()
        if iscoroutinefunction(asked):
            return await asked(request, *own, **kwargs)
        return await sync_to_async(asked)(request, *own, **kwargs)  # it may query the database


def _split(args: tuple[Any, ...]) -> tuple[HttpRequest | Request, tuple[Any, ...]]:
    """The request, and the view's arguments behind it. A method that is decorated directly has `self` before it."""
    for place, value in enumerate(args[:2]):
        if isinstance(value, (HttpRequest, Request)):
            return value, args[place + 1 :]
    raise TypeError("spends decorates views: their first argument is the request")


def _is_async_dispatch(view: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Whether it is `dispatch` of an async class-based view: no coroutine function, but it returns what is awaited."""
    method = view.func if isinstance(view, partial) else view  # as `method_decorator` hands it over
    return bool(getattr(getattr(method, "__self__", args[0] if args else None), "view_is_async", False))


async def _awaited(response: Any) -> Any:
    return await response if inspect.isawaitable(response) else response


async def _auser(request: Any) -> Any:
    """The user. A lazy one, of Django's middleware, would be loaded on the event loop."""
    is_lazy = isinstance(request.user, LazyObject)
    return await request.auser() if is_lazy and hasattr(request, "auser") else request.user
