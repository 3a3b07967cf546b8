"""The pages of automatic top-up: its settings, the way to save a card, the payment to confirm, and off in one click."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language

from billing.errors import (
    AutoTopUpStopped,
    BillingOff,
    CapTooLow,
    NothingToConfirm,
    PaymentDisputed,
    StripeRefused,
    StripeUnavailable,
    UnknownPlan,
)
from billing.forms import AutoTopUpForm
from billing.services import auto_charges, auto_owner, auto_settings, auto_switch, catalogue, effects
from billing.services.auto_settings import AutoStatus
from billing.services.links import home_url, page_url
from billing.services.stripe_api import is_on
from billing.types import Offer
from billing.views.addresses import card_addresses, confirmed_address
from billing.views.choices import show_problem
from billing.views.pages import ToStripePage
from kv.days import local_day
from kv.errors import StoreUnavailable
from kv.web.formats import money_input
from usertokens.errors import AccountClosed


class _AutoPage(ToStripePage):
    """One page of it; the log-in leads back here."""

    def way_back(self, request: HttpRequest) -> str:
        """The page itself, or the settings for what only takes a form."""
        return request.path if self.is_shown else page_url("auto_topup")

    is_shown = True

    def show_problem(self, request: HttpRequest, kind: str, status: int) -> HttpResponse:
        """In words of automatic top-up: nobody was about to buy anything."""
        return show_problem(request, kind, status, automatic=page_url("auto_topup"))

    def refusal(self, request: HttpRequest) -> HttpResponse | None:
        """Why the page is not shown; None when it is."""
        if not request.user.is_authenticated:
            return redirect_to_login(self.way_back(request))
        return None if is_on() else self.show_problem(request, "off", 503)


class AutoTopUpPage(_AutoPage):
    """GET: the settings. POST {threshold, topup, cap}: save them and switch it on; without a card on to save one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.refusal(request) or _show(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save, then save a card where there is none."""
        offers = _offers()
        form = AutoTopUpForm(request.POST, offers) if offers else None
        if form is None or not form.is_valid():
            return _show(request, form, status=400 if form else 503)
        wanted = form.cleaned_data
        try:
            state = auto_settings.save_auto_topup(
                str(request.user.pk),
                is_on=True,
                threshold=wanted["threshold"],
                tokens=wanted["topup"],
                monthly_cap=wanted["cap_cents"],
            )
        except (AutoTopUpStopped, PaymentDisputed, UnknownPlan, CapTooLow):
            return _show(request, form, status=409)  # the page says why
        except (StoreUnavailable, AccountClosed, BillingOff):
            return _show(request, form, status=503, is_away=True)
        if state.status is AutoStatus.NEEDS_CARD:
            return to_card(self, request)
        return HttpResponseRedirect(f"{page_url('auto_topup')}?saved=1")


class CardPage(_AutoPage):
    """GET or POST: on to Stripe, where a card is saved. No money moves, so a link leads there at once."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """To Stripe."""
        return self.refusal(request) or to_card(self, request)

    post = get


class ConfirmPage(_AutoPage):
    """GET: the payment that waits for its owner. POST: on to the bank's question."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """What is to be confirmed; the settings when nothing is."""
        if (refused := self.refusal(request)) is not None:
            return refused
        charge = auto_owner.waiting_charge(str(request.user.pk))
        if charge is None:
            return HttpResponseRedirect(page_url("auto_topup"))
        offer = Offer("", charge.cents, charge.currency, tokens=charge.tokens)
        context = {"offer": offer, "action": request.path, "settings": page_url("auto_topup")}
        return render(request, "billing/auto_topup_confirm.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the bank, or back where it asks nothing."""
        target = ""

        def confirm() -> str:
            nonlocal target
            target = auto_owner.confirm_charge(str(request.user.pk), confirmed_address(request))
            return target

        try:
            response = self.lead_to_stripe(request, confirm)
        except NothingToConfirm:
            return HttpResponseRedirect(page_url("auto_topup"))
        except StoreUnavailable:
            return self.show_problem(request, "away", 503)
        return response if target or response.status_code != 200 else HttpResponseRedirect(home_url())  # noqa: PLR2004 (HTTP)


class OffPage(_AutoPage):
    """POST: switch it off. It needs neither Stripe nor the store."""

    is_shown = False

    def get(self, request: HttpRequest) -> HttpResponse:
        """To the settings."""
        return HttpResponseRedirect(page_url("auto_topup"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Off, and back to where it was."""
        auto_switch.switch_off(str(request.user.pk))
        return HttpResponseRedirect(f"{page_url('auto_topup')}?off=1")


def to_card(page: ToStripePage, request: HttpRequest) -> HttpResponse:
    """To Stripe's page that saves a card."""
    user: Any = request.user
    addresses = card_addresses(request, get_language() or "")
    return page.lead_to_stripe(request, lambda: auto_owner.open_card_checkout(user, addresses))


def _offers() -> tuple[Offer, ...]:
    try:
        return catalogue.read_catalogue().topups
    except (StripeUnavailable, StripeRefused, BillingOff):
        return ()


def _show(
    request: HttpRequest, form: AutoTopUpForm | None = None, *, status: int = 200, is_away: bool = False
) -> HttpResponse:
    user_id = str(request.user.pk)
    state, offers = auto_settings.read_auto_topup(user_id), _offers()
    if form is None and offers:
        form = AutoTopUpForm(None, offers, initial=_initial(state, offers))
    balance = effects.current_tokens(user_id)
    is_low = balance is not None and state.is_on and state.threshold is not None and balance <= state.threshold
    context = {
        "auto": state,
        "form": form,
        "is_away": is_away or not offers,
        "is_refused": status == 409,  # noqa: PLR2004 (the answer's own)
        "is_low": is_low,
        "charged": auto_charges.charged_in(user_id, local_day().replace(day=1)),
        "currency": form.currency if form is not None else "",
        "saved": "saved" in request.GET,
        "was_off": "off" in request.GET,
        "home": home_url(),
        "card_page": page_url("auto_topup_card"),
        "confirm_page": page_url("auto_topup_confirm"),
        "off_page": page_url("auto_topup_off"),
        "pricing": page_url("pricing"),
    }
    return render(request, "billing/auto_topup.html", context, status=status)


def _initial(state: auto_settings.AutoState, offers: tuple[Offer, ...]) -> dict[str, Any]:
    tokens = state.tokens if state.tokens in {offer.tokens for offer in offers} else offers[0].tokens
    offer = next(one for one in offers if one.tokens == tokens)
    cap = state.monthly_cap or 5 * offer.amount_cents
    return {"threshold": state.threshold or "", "topup": tokens, "cap": money_input(cap, offer.currency)}
