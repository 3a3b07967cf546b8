"""The pages that lead to Stripe: to a checkout, to the confirmation of another plan, to the portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from billing.conf import CHECKOUT_LIMIT
from billing.errors import (
    AlreadySubscribed,
    BillingOff,
    CheckoutOpen,
    StripeRefused,
    StripeUnavailable,
    UnknownPlan,
    Unresolved,
)
from billing.services import checkout, portal
from billing.services.links import page_url
from billing.services.stripe_api import is_on
from billing.types import Choice, Plan, SubscriptionState
from billing.views.addresses import change_addresses, checkout_addresses, choice_query, portal_addresses, read_choice
from billing.views.choices import has_more_to_say, private, show_choice, show_problem
from kv.web.origins import is_from_this_site
from kv.web.rate_limits import RateLimited
from kv.web.throttling import check_limit


class ToStripePage(View):
    """POST: to Stripe, by a page that leads on at once.

    The Content-Security-Policy (form-action) would block a redirect.
    """

    # It leads to the log-in by itself, so that the choice comes back.
    @method_decorator((csrf_exempt, login_not_required, private))
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Only from a page of this site, and only for signed-in users; others come back to it after the log-in."""
        if request.method in ("GET", "HEAD"):  # the way back from the log-in, the language menu, or a typed address
            return self.get(request)
        if request.method != "POST":
            return self.http_method_not_allowed(request)
        if not request.user.is_authenticated:
            return redirect_to_login(self.way_back(request))
        if not is_from_this_site(request):
            return self.show_problem(request, "elsewhere", 403)
        if not is_on():  # reported before errors of the form
            return self.show_problem(request, "off", 503)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """To the prices."""
        return HttpResponseRedirect(page_url("pricing"))

    def way_back(self, request: HttpRequest) -> str:
        """Where the log-in leads back to."""
        return page_url("pricing")

    def show_problem(self, request: HttpRequest, kind: str, status: int) -> HttpResponse:
        """Why it leads nowhere."""
        return show_problem(request, kind, status)

    def lead_to_stripe(
        self, request: HttpRequest, open_session: Callable[[], str], choice: Choice | None = None
    ) -> HttpResponse:
        """The page that leads on, or one that says why there is none."""
        try:
            check_limit(CHECKOUT_LIMIT, request)
            return render(request, "billing/onward.html", {"target": open_session()})
        except CheckoutOpen:
            return show_choice(request, choice)
        except UnknownPlan:
            return self.show_problem(request, "unknown", 400)
        except BillingOff:
            return self.show_problem(request, "off", 503)
        except RateLimited:
            return self.show_problem(request, "often", 429)
        except (StripeUnavailable, StripeRefused, Unresolved) as error:
            return self.show_problem(request, getattr(error, "kind", "refused"), 503)


class CheckoutPage(ToStripePage):
    """POST {plan, interval} or {topup}: to a checkout, or to Stripe's confirmation of another plan.

    GET with the same in the query: the way back from the log-in. It leads on too, but from another site, while such a
    checkout is open (the Back button), or where more must be said before one pays, it shows the choice first.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        """Lead on, once."""
        choice = read_choice(request.GET)
        if choice is None:
            return HttpResponseRedirect(page_url("pricing"))
        if not request.user.is_authenticated:
            return redirect_to_login(_address(choice))
        if not is_on():
            return show_problem(request, "off", 503)
        if not is_from_this_site(request) or has_more_to_say(request):
            return show_choice(request, choice)
        return self._open(request, choice, is_only_new=True)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Open the checkout."""
        choice = read_choice(request.POST)
        return show_problem(request, "unknown", 400) if choice is None else self._open(request, choice)

    def way_back(self, request: HttpRequest) -> str:
        """The same choice, in the query."""
        choice = read_choice(request.POST)
        return page_url("pricing") if choice is None else _address(choice)

    def _open(self, request: HttpRequest, choice: Choice, *, is_only_new: bool = False) -> HttpResponse:
        user: Any = request.user
        addresses = checkout_addresses(request, choice, get_language() or "")

        def open_session() -> str:
            if choice.tokens:
                return checkout.open_topup_checkout(user, choice.tokens, addresses, is_only_new=is_only_new)
            plan = Plan(choice.plan)
            return checkout.open_plan_checkout(user, plan, choice.interval, addresses, is_only_new=is_only_new)

        try:
            return self.lead_to_stripe(request, open_session, choice)
        except AlreadySubscribed as error:
            return self._change(request, choice, error.state)

    def _change(self, request: HttpRequest, choice: Choice, state: SubscriptionState | None) -> HttpResponse:
        """To Stripe's confirmation of another plan; a lower one is explained first."""
        try:
            change = portal.plan_change(state, Plan(choice.plan), choice.interval) if state is not None else None
        except UnknownPlan:
            return show_problem(request, "unknown", 400)
        except (StripeUnavailable, StripeRefused) as error:
            return show_problem(request, error.kind, 503)
        if change is None or state is None:
            return show_problem(request, "subscribed", 409)
        if change.is_downgrade and "confirmed" not in request.POST:
            context = {"change": change, "action": page_url("checkout"), "pricing": page_url("pricing"), "state": state}
            return render(request, "billing/change.html", context)
        addresses = change_addresses(request, get_language() or "")
        return self.lead_to_stripe(
            request, lambda: portal.open_plan_change(state, change.plan, change.interval, addresses)
        )


class PortalPage(ToStripePage):
    """POST: to the user's portal."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Open the portal."""
        user: Any = request.user
        addresses = portal_addresses(request, get_language() or "")
        return self.lead_to_stripe(request, lambda: checkout.open_portal(user, addresses))


def _address(choice: Choice) -> str:
    return f"{page_url('checkout')}?{choice_query(choice)}"
