"""A project that uses the public API as its pages show it. Type checkers read it; nobody runs it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_type

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View

from billing.errors import AlreadySubscribed, StripeUnavailable
from billing.services import aread_state, open_plan_checkout, read_state
from billing.types import Addresses, Plan, SubscriptionState
from codetags.errors import MalformedCode
from codetags.services import alist_codes, arecord_hit, list_codes, read_link
from codetags.types import CodePage, Outcome
from kv.errors import StoreUnavailable
from kv.web.addresses import client_address
from stats.services import PaymentOrder, aread_figures, arecord_visit, make_payment_code, read_figures, record_visit
from stats.types import Figures, Visit
from usertokens.errors import HoldEnded, InsufficientTokens
from usertokens.services import (
    ahold,
    alist_transactions,
    aspend_tokens,
    get_balance,
    grant_tokens,
    hold,
    list_transactions,
    spend_tokens,
    spends,
)
from usertokens.types import Movement, Page, SourceState


def count(request: HttpRequest) -> int:
    visit = record_visit(address=client_address(request))
    assert_type(visit, Visit)
    figures = read_figures()
    assert_type(figures, Figures)
    return figures.visitors + figures.revenue_cents


def buy(user: User, amount: int) -> str:
    try:
        spent = spend_tokens(str(user.pk), amount, reason="article", key="order-17", now=datetime.now(UTC))
    except InsufficientTokens as error:
        return f"{error.required - error.balance} are missing"
    assert_type(spent, Movement)
    granted = grant_tokens(str(user.pk), 10, reason="gift", key="gift-1")
    assert_type(granted, SourceState | None)
    assert_type(list_transactions(str(user.pk)), Page)
    return f"{get_balance(str(user.pk)).tokens.balance}"


def work(user_id: str) -> int:
    with hold(user_id, 50, reason="image") as held:
        assert_type(held.amount, int)
        try:
            return held.capture(32).balance
        except HoldEnded:
            return 0


async def awork(user_id: str) -> int:
    async with ahold(user_id, 50, reason="image") as held:
        moved = await held.capture(32)
    assert_type(moved, Movement)
    assert_type(await aspend_tokens(user_id, 3, key="one"), Movement)
    assert_type(await alist_transactions(user_id, limit=5), Page)
    assert_type(await arecord_visit(address="203.0.113.7"), Visit)
    assert_type(await aread_figures(), Figures)
    assert_type(await alist_codes(limit=5), CodePage)
    assert_type(await arecord_hit(code="BT26", address="203.0.113.7", agent=""), Outcome)
    assert_type(await aread_state(user_id), SubscriptionState)
    return moved.balance


@spends("image", amount=3)
def draw(request: HttpRequest, size: int) -> HttpResponse:
    return HttpResponse(f"{size}")


def price(request: HttpRequest, size: int) -> int:
    return size // 100


@spends("image", cost=price)
async def adraw(request: HttpRequest, size: int) -> HttpResponse:
    return HttpResponse(f"{size}")


class Draw(View):
    @method_decorator(spends("image"))
    def post(self, request: HttpRequest) -> HttpResponse:
        return draw(request, size=300)


def pay(user: User) -> str | None:
    back = Addresses(done="https://your.site/done", cancelled="https://your.site/prices")
    try:
        return open_plan_checkout(user, Plan("Plus"), "month", back)
    except (AlreadySubscribed, StripeUnavailable):
        return read_state(str(user.pk)).status


def codes(request: HttpRequest) -> JsonResponse:
    try:
        code = read_link(request.META["QUERY_STRING"])
    except MalformedCode:
        code = None
    try:
        best = [(one.code, one.count) for one in list_codes(limit=10).codes]
    except StoreUnavailable:
        best = []
    return JsonResponse({"code": code, "best": best})


def payment() -> bytes:
    return make_payment_code(PaymentOrder("Ada", "DE89370400440532013000", 1250)).png()
