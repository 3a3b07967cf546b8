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

from kv.threads import submit, to_its_end, to_its_end_or
from usertokens.conf import app_settings
from usertokens.services.charges import Charge
from usertokens.services.held import HOLD_SECONDS
from usertokens.services.holds import LONGEST_HOLD
from usertokens.services.ledger import require_whole
from usertokens.views.base import read_key
from usertokens.views.charged_responses import charge_later, is_error
from usertokens.views.refusals import REFUSED, refuse, refuse_anonymous
from usertokens.views.request_bodies import body_digest

View = TypeVar("View", bound=Callable[..., Any])


def spends(
    action: str,
    *,
    amount: int | None = None,
    cost: Callable[..., Any] | None = None,
    ttl_seconds: int = HOLD_SECONDS,
) -> Callable[[View], View]:
    """Decorate a view: its user pays when it has succeeded.

    action: the reason in the journal.
    amount: whole tokens; None: as `cost` says, or else GENERATION_COST.
    cost:   called with the view's arguments; returns whole tokens, 0 for nothing. It may be async for an async view.
    ttl_seconds: 1 to 86400; longer than the view and its stream take.

    The tokens are on hold while the view runs. A response with a status below 400 takes them, once it is rendered and,
    if it is a stream, has ended. An exception, a status from 400 on and a stream that breaks release them. OPTIONS
    costs nothing. Works on functions, on methods by `method_decorator`, on DRF's handlers and on async views.
    Decorating raises ValueError for an invalid amount or life.
    """
    if not isinstance(action, str):
        raise TypeError('spends needs an action: @spends("image")')
    if amount is not None and cost is not None:
        raise TypeError("spends takes amount or cost, not both")
    if amount is not None:
        require_whole(1, amount=amount)
    require_whole(1, LONGEST_HOLD, ttl_seconds=ttl_seconds)

    def decorate(view: View) -> View:
        spending = _Spending(view, action, amount, cost, ttl_seconds)
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


@dataclass(frozen=True, slots=True)
class _Spending:
    """One decorated view, and what its success costs."""

    view: Callable[..., Any]
    action: str
    amount: int | None
    cost: Callable[..., Any] | None
    ttl_seconds: int

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The view's response, or a refusal."""
        request, own = _split(args)
        if request.method == "OPTIONS":
            return self.view(*args, **kwargs)
        user: Any = request.user
        if not (user and user.is_authenticated):
            return refuse_anonymous(request)
        price = self._price() if self.cost is None else self.cost(request, *own, **kwargs)
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
        body = (f"{request.method} {request.get_full_path()}", body_digest(request)) if key else ()
        return Charge(str(user.pk), price, reason=self.action, key=key, body=body, ttl_seconds=self.ttl_seconds)

    def _price(self) -> int:
        return app_settings.GENERATION_COST if self.amount is None else self.amount

    async def _aprice(self, request: HttpRequest | Request, own: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.cost is None:
            return self._price()
        if iscoroutinefunction(self.cost):
            return await self.cost(request, *own, **kwargs)
        return await sync_to_async(self.cost)(request, *own, **kwargs)  # it may query the database


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
