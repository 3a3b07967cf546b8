"""What the pages of a purchase share: the choice that is about to be bought, and why it can't be."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import cache_control

from billing.errors import BillingOff, StripeRefused, StripeUnavailable
from billing.services import catalogue
from billing.services.links import home_url, page_url
from billing.types import Choice

private = cache_control(private=True, no_store=True)


def show_choice(request: HttpRequest, choice: Choice | None, *, is_cancelled: bool = False) -> HttpResponse:
    """What is about to be bought, and a button that goes on to it."""
    return render(request, "billing/choice.html", choice_context(choice) | {"is_cancelled": is_cancelled})


def has_more_to_say(request: HttpRequest) -> bool:
    """Whether the project's `billing/before_paying.html` says something that users must know before they pay."""
    return bool(render_to_string("billing/before_paying.html", request=request).strip())


def choice_context(choice: Choice | None) -> dict[str, Any]:
    """The choice, its price if that is known, and where its form goes."""
    context: dict[str, Any] = {"choice": choice, "action": page_url("checkout"), "pricing": page_url("pricing")}
    if choice is not None:
        with suppress(StripeUnavailable, StripeRefused, BillingOff):
            context["offer"] = catalogue.offer_of(choice)
    return context


def show_problem(request: HttpRequest, kind: str, status: int, *, automatic: str = "") -> HttpResponse:
    """Why nothing was bought, and what to do. automatic: of automatic top-up, with the address of its settings."""
    context = {
        "kind": kind,
        "home": home_url(),
        "pricing": page_url("pricing"),
        "portal": page_url("portal"),
        "automatic": automatic,
    }
    return render(request, "billing/problem.html", context, status=status)
