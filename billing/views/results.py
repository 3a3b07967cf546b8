"""Where Stripe leads back to: what one has now, a checkout that was left, and the documents of payments."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required, login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe
from django.views.generic import View

from billing.conf import CHECKOUT_LIMIT
from billing.errors import BillingOff, StripeRefused, StripeUnavailable, UnknownSession
from billing.services import checkout, effects, payments
from billing.services.checkout import Outcome, Progress
from billing.services.customers import customers_of
from billing.services.links import home_url, page_url
from billing.types import SubscriptionState
from billing.views.addresses import choice_query, read_choice
from billing.views.choices import choice_context, private, show_choice, show_problem
from kv.errors import StoreUnavailable
from kv.web.rate_limits import RateLimited
from kv.web.throttling import check_limit
from kv.web.unavailable import refuse_while_away

#: So often the page looks again by itself for what it does not know yet.
_LOOKS = 8
#: Seconds until the first look; each pause is one longer.
_FIRST_PAUSE = 2


@require_safe
@login_not_required
@private
def cancelled(request: HttpRequest) -> HttpResponse:
    """Where a checkout leads back to that was left: nothing was charged, and the choice is still there."""
    return show_choice(request, read_choice(request.GET), is_cancelled=True)


@require_safe
@login_required
@private
@refuse_while_away
def document(request: HttpRequest, payment_id: str) -> HttpResponse:
    """To Stripe's page of one invoice or receipt of the user's."""
    try:
        check_limit(CHECKOUT_LIMIT, request)
        target = payments.document_url(str(request.user.pk), payment_id[:255])
    except UnknownSession:
        return show_problem(request, "document", 404)
    except BillingOff:
        return show_problem(request, "off", 503)
    except RateLimited:
        return show_problem(request, "often", 429)
    except StripeUnavailable as error:
        return show_problem(request, error.kind, 503)
    return HttpResponseRedirect(target)


@method_decorator(private, name="dispatch")
class ReturnPage(LoginRequiredMixin, View):
    """GET [session_id]: read the user's state again, and say what the user has now.

    After the portal it redirects home, unless a plan was to be `changed`. A checkout that was left or failed has pages
    of its own. What is not known yet is looked for again by itself.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        """What came of it."""
        session_id = request.GET.get("session_id", "")
        user: Any = request.user
        outcome, state, is_read = None, None, False
        try:
            check_limit(CHECKOUT_LIMIT, request)
            if session_id:
                outcome = checkout.finish_checkout(user, session_id[:200])
                state = outcome.state
            else:
                state = checkout.refresh_user(user)
            is_read = True
        except UnknownSession:
            return show_problem(request, "session", 404)
        except (BillingOff, StripeUnavailable, StripeRefused, StoreUnavailable, RateLimited):
            pass  # The webhook applies it in any case, so nothing is lost.
        is_over = "changed" not in request.GET or (state is None and not customers_of(str(user.pk)))
        if is_read and not session_id and is_over:
            return HttpResponseRedirect(home_url())
        if outcome is not None and outcome.is_card:
            return HttpResponseRedirect(page_url("auto_topup") + ("?saved=1" if outcome.is_paid else ""))
        if outcome is not None and outcome.payment is Progress.OPEN:
            query = f"?{choice_query(outcome.choice)}" if outcome.choice else ""
            return HttpResponseRedirect(page_url("cancelled") + query)
        if outcome is not None and outcome.payment in (Progress.EXPIRED, Progress.FAILED):
            context = choice_context(outcome.choice) | {"payment": outcome.payment}
            return render(request, "billing/failed.html", context)
        return _show_outcome(request, outcome, state)


def _show_outcome(request: HttpRequest, outcome: Outcome | None, state: SubscriptionState | None) -> HttpResponse:
    is_coming = outcome is not None and not outcome.is_paid
    context: dict[str, Any] = {"home": home_url(), "outcome": outcome, "state": state, "is_coming": is_coming}
    if state is None and not is_coming:
        look = request.GET.get("look", "0")
        turn = int(look) if look in map(str, range(_LOOKS)) else _LOOKS
        again = request.GET.copy()
        again["look"] = str(turn + 1)
        context |= {"again": f"{request.path}?{again.urlencode()}", "is_late": turn == _LOOKS}
        response = render(request, "billing/return.html", context)
        if turn < _LOOKS:
            # A header, which works without scripts. The pauses grow: a webhook comes within seconds.
            response.headers["Refresh"] = f"{_FIRST_PAUSE + turn}; url={context['again']}"
        return response
    context["balance"] = effects.current_tokens(str(request.user.pk))
    return render(request, "billing/return.html", context)
