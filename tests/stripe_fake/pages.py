"""The checkout and the portal, as plain as they can be: what is bought, a button to pay, a button to go back."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from tests.stripe_fake.desk import Desk
from tests.stripe_fake.world import Shape, World


@dataclass
class Page:
    """What a browser gets."""

    status: int
    body: str = ""
    location: str | None = None


def show(world: World, method: str, path: str, form: dict[str, Any]) -> Page:
    """The page at an address, or what its button does."""
    _, kind, name = [*path.split("/", 2), "", ""][:3]
    found = world.objects.get(name)
    if found is None or kind not in ("checkout", "portal"):
        return Page(404, _frame("Nothing is here", "<p>This session does not exist.</p>"))
    do = _checkout if kind == "checkout" else _portal
    return do(world, found, form.get("do", "") if method == "POST" else "")


def _checkout(world: World, session: Shape, do: str) -> Page:
    desk = Desk(world)
    if do in ("pay", "pay_later"):
        desk.complete(session["id"], pays=do == "pay")
        return Page(303, location=session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))
    if do == "back":
        return Page(303, location=session["cancel_url"] or session["success_url"])
    if session["status"] != "open":
        return Page(200, _frame("This checkout is over", f"<p>It is {escape(session['status'])}.</p>"))
    chosen = world.objects[session["_"]["price"]]
    name = world.objects[chosen["product"]]["name"]
    every = f" every {chosen['recurring']['interval']}" if chosen["recurring"] else ""
    text = f"<p>{escape(name)}: {session['amount_total'] / 100:.2f} {session['currency'].upper()}{every}</p>"
    return Page(200, _frame("Checkout", text + _buttons(pay="Pay", pay_later="Pay by a slow method", back="Back")))


def _portal(world: World, session: Shape, do: str) -> Page:
    desk = Desk(world)
    mine = [
        one
        for one in world.of("subscription")
        if one["customer"] == session["customer"] and one["status"] != "canceled"
    ]
    if do == "back":
        return Page(303, location=session["return_url"] or "/")
    if do in ("cancel", "keep", "end") and mine:
        {"cancel": desk.cancel_at_period_end, "keep": desk.keep, "end": desk.end}[do](mine[0]["id"])
        return Page(303, location=f"/portal/{session['id']}")
    if not mine:
        return Page(200, _frame("Portal", "<p>No subscription.</p>" + _buttons(back="Back to the site")))
    one = mine[0]
    pending = one["cancel_at"] or one["cancel_at_period_end"]
    state = f"<p>{escape(one['status'])}{', ends with its period' if pending else ''}</p>"
    choice = {"keep": "Keep it"} if pending else {"cancel": "Cancel at the end of the period"}
    return Page(200, _frame("Portal", state + _buttons(**choice, end="End it now", back="Back to the site")))


def _buttons(**labels: str) -> str:
    inner = "".join(f'<button name="do" value="{value}">{escape(text)}</button> ' for value, text in labels.items())
    return f'<form method="post">{inner}</form>'


def _frame(title: str, inner: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} (a Stripe for tests)</title>'
        f'<link rel="icon" href="data:,"></head><body><main><h1>{title}</h1>{inner}'
        "<p>This is not Stripe. No money moves.</p></main></body></html>"
    )
