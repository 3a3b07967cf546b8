"""The prices: one page that is the same for everybody, and what it marks for whoever is logged in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from billing.conf import app_settings
from billing.errors import StripeRefused, StripeUnavailable
from billing.services import catalogue, subscription_states
from billing.services.links import page_url, signup_url
from billing.services.stripe_api import is_on
from billing.types import Catalogue, Offer, Plan, PlanOffers, free_plan
from billing.views.choices import private
from billing.views.structured_data import products_data
from kv.errors import StoreUnavailable
from kv.web.caching import public_page

_MONTHS = 12


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan on the page, by one of its prices.

    a_month: the price of one month, cents, rounded, when the year is paid at once; 0 otherwise.
    year: the price of a year, where the offer is one of a month.
    free_months: months of the year that cost nothing beside the price by the month; 0 when that is no whole number.
    """

    plan: Plan
    tokens: int
    generations: int
    features: tuple[str, ...]
    offer: Offer | None = None
    a_month: int = 0
    free_months: int = 0
    trial_days: int = 0
    year: Offer | None = None


@dataclass(frozen=True, slots=True)
class ShownTopUp:
    """A top-up on the page. a_thousand: the price of 1000 of its tokens, cents; is_exact: nothing was rounded."""

    offer: Offer
    generations: int
    a_thousand: int
    is_exact: bool


@require_safe
@public_page
def pricing(request: HttpRequest) -> HttpResponse:
    """Plans and top-ups with their prices; the same for everybody, so that a proxy may cache it. `?interval=year`."""
    context: dict[str, Any] = {
        "is_on": is_on(),
        "free": _shown(free_plan(), None, None),
        "generation_cost": app_settings.GENERATION_COST,
        "rollover": app_settings.ALLOWANCE_ROLLOVER_CAP,
        "signup": signup_url(),
        "tax_note": app_settings.BILLING_TAX_NOTE,
        "takes_codes": app_settings.BILLING_PROMOTION_CODES,
        "page": page_url("pricing"),
    }
    if context["is_on"]:
        try:
            context |= _for_sale(catalogue.read_catalogue(), request)
        except (StripeUnavailable, StripeRefused):
            context["away"] = True
    return render(request, "billing/pricing.html", context)


@require_safe
@login_not_required
@private
def mine(request: HttpRequest) -> HttpResponse:
    """What the page marks: {"plan", "interval", "is_paid", "is_new"}; 204 for whoever is not logged in.

    is_new: no plan was ever paid for, so that a trial is possible.
    """
    state = None
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated and is_on():
        try:
            state = subscription_states.read_state(str(request.user.pk))
        except StoreUnavailable:
            state = None  # nothing is marked
    if state is None:
        response = HttpResponse(status=204)
        patch_vary_headers(response, ["Cookie"])
        return response
    is_paid, is_new = bool(state.plan.rank), state.status is None
    return JsonResponse({"plan": state.plan, "interval": state.interval, "is_paid": is_paid, "is_new": is_new})


def _for_sale(found: Catalogue, request: HttpRequest) -> dict[str, Any]:
    sold = [one for one in found.plans if one.offers]
    has_years = any(one.by("year") for one in sold)
    interval = "year" if has_years and request.GET.get("interval") == "year" else "month"
    plans = [_priced(one, interval) for one in sold]
    saved = {_free_months(one) for one in sold if one.by("year")}
    return {
        "plans": plans,
        "topups": [_topup(offer) for offer in found.topups],
        "action": page_url("checkout"),
        "portal": page_url("portal"),
        "mine": page_url("mine"),
        "interval": interval,
        "has_switch": has_years and any(one.by("month") for one in sold),
        # One sentence for the switch, only if it is true of every plan.
        "free_months": saved.pop() if len(saved) == 1 else 0,
        "structured": products_data(request, sold, found.topups),
    }


def _priced(one: PlanOffers, interval: str) -> ShownPlan:
    return _shown(one.plan, one.by(interval) or one.offers[0], one)


def _shown(plan: Plan, offer: Offer | None, one: PlanOffers | None) -> ShownPlan:
    tokens = int(app_settings.PLAN_ALLOWANCES.get(plan, 0))
    is_year = offer is not None and offer.interval == "year"
    return ShownPlan(
        plan=plan,
        tokens=tokens,
        generations=_generations(tokens),
        features=_texts(app_settings.BILLING_FEATURES.get(plan, ())),
        offer=offer,
        a_month=round(Fraction(offer.amount_cents, _MONTHS)) if offer is not None and is_year else 0,
        free_months=_free_months(one) if one is not None and is_year else 0,
        year=None if is_year or one is None else one.by("year"),
        trial_days=int(app_settings.BILLING_TRIAL_DAYS.get(plan, 0)),
    )


def _topup(offer: Offer) -> ShownTopUp:
    exact = Fraction(offer.amount_cents * 1000, offer.tokens)
    return ShownTopUp(offer, _generations(offer.tokens), round(exact), exact.denominator == 1)


def _generations(tokens: int) -> int:
    cost = app_settings.GENERATION_COST
    return tokens // cost if cost > 0 else 0


def _free_months(one: PlanOffers) -> int:
    """Twelve months by the month less one year, in months; 0 for a saving that is no whole number of them."""
    month, year = one.by("month"), one.by("year")
    if month is None or year is None or not month.amount_cents or month.currency != year.currency:
        return 0
    free = Fraction(_MONTHS * month.amount_cents - year.amount_cents, month.amount_cents)
    return int(free) if free.denominator == 1 and 0 < free < _MONTHS else 0


def _texts(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
