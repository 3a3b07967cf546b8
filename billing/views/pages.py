"""The pages: prices for everybody, the pages that lead to Stripe, and the page to return to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.generic import View

from billing.conf import CHECKOUT_LIMIT, app_settings
from billing.errors import (
    AlreadySubscribed,
    BillingOff,
    StripeRefused,
    StripeUnavailable,
    UnknownPlan,
    UnknownSession,
    Unresolved,
)
from billing.services import catalogue, checkout
from billing.services.links import home_url, page_url
from billing.services.products import plan_products
from billing.services.stripe_api import is_on
from billing.types import Catalogue, Plan, free_plan
from billing.views.addresses import checkout_addresses, portal_addresses
from kv.errors import StoreUnavailable
from kv.web.caching import public_page
from kv.web.origins import is_from_this_site
from kv.web.rate_limits import RateLimited
from kv.web.throttling import check_limit

_private = cache_control(private=True, no_store=True)


@require_safe
@public_page
def pricing(request: HttpRequest) -> HttpResponse:
    """Plans and top-ups with their prices; the same for everybody, so that a proxy may cache it."""
    context: dict[str, Any] = {"is_on": is_on(), "free_tokens": _tokens(free_plan()), "free_plan": free_plan()}
    if context["is_on"]:
        try:
            context |= _for_sale(catalogue.read_catalogue())
        except (StripeUnavailable, StripeRefused):
            context["away"] = True
    return render(request, "billing/pricing.html", context)


class _ToStripePage(View):
    """POST: to Stripe, by a page that leads on at once.

    The Content-Security-Policy (form-action) would block a redirect.
    """

    @method_decorator((csrf_exempt, _private))
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Only from a page of this site, and only for signed-in users; others return to the prices after the log-in."""
        if request.method != "POST":  # the language menu of such a page, or a typed address
            return HttpResponseRedirect(page_url("pricing"))
        if not is_from_this_site(request):
            return _problem(request, "elsewhere", 403)
        if not request.user.is_authenticated:
            return redirect_to_login(page_url("pricing"))
        if not is_on():  # reported before errors of the form
            return _problem(request, "off", 503)
        return super().dispatch(request, *args, **kwargs)

    def lead_to_stripe(self, request: HttpRequest, open_session: Callable[[], str]) -> HttpResponse:
        """The page that leads on, or one that says why there is none."""
        try:
            check_limit(CHECKOUT_LIMIT, request)
            return render(request, "billing/onward.html", {"target": open_session()})
        except UnknownPlan:
            return _problem(request, "unknown", 400)
        except AlreadySubscribed:
            return _problem(request, "subscribed", 409)
        except BillingOff:
            return _problem(request, "off", 503)
        except RateLimited:
            return _problem(request, "often", 429)
        except (StripeUnavailable, StripeRefused, Unresolved) as error:
            return _problem(request, getattr(error, "kind", "refused"), 503)


class CheckoutPage(_ToStripePage):
    """POST {plan, interval} or {topup}: to a checkout."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Open the checkout."""
        addresses = checkout_addresses(request, get_language() or "")
        user: Any = request.user
        plan, interval = request.POST.get("plan", ""), request.POST.get("interval", "month")
        topup = request.POST.get("topup", "")
        if topup.isascii() and topup.isdecimal():
            return self.lead_to_stripe(request, lambda: checkout.open_topup_checkout(user, int(topup[:15]), addresses))
        if plan not in plan_products():
            return _problem(request, "unknown", 400)
        return self.lead_to_stripe(request, lambda: checkout.open_plan_checkout(user, Plan(plan), interval, addresses))


class PortalPage(_ToStripePage):
    """POST: to the user's portal."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Open the portal."""
        user: Any = request.user
        addresses = portal_addresses(request, get_language() or "")
        return self.lead_to_stripe(request, lambda: checkout.open_portal(user, addresses))


@method_decorator(_private, name="dispatch")
class ReturnPage(LoginRequiredMixin, View):
    """GET [session_id]: read the user's state again; show what came of a checkout, or redirect after the portal."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """What came of it."""
        session_id = request.GET.get("session_id", "")
        user: Any = request.user
        context: dict[str, Any] = {"home": home_url()}
        try:
            check_limit(CHECKOUT_LIMIT, request)
            if not session_id:
                checkout.refresh_user(user)
                return HttpResponseRedirect(context["home"])
            context["outcome"] = checkout.finish_checkout(user, session_id[:200])
        except UnknownSession:
            return _problem(request, "session", 404)
        except (BillingOff, StripeUnavailable, StripeRefused, StoreUnavailable, RateLimited):
            # The webhook applies it in any case, so nothing is lost.
            context["outcome"] = None
        return render(request, "billing/return.html", context)


def _for_sale(found: Catalogue) -> dict[str, Any]:
    plans = [{"plan": one.plan, "tokens": _tokens(one.plan), "offers": one.offers} for one in found.plans if one.offers]
    return {"plans": plans, "topups": found.topups, "action": page_url("checkout")}


def _tokens(plan: Plan) -> int:
    return int(app_settings.PLAN_ALLOWANCES.get(plan, 0))


def _problem(request: HttpRequest, kind: str, status: int) -> HttpResponse:
    context = {"kind": kind, "home": home_url(), "pricing": page_url("pricing"), "portal": page_url("portal")}
    return render(request, "billing/problem.html", context, status=status)
