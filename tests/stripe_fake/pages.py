"""Simple pages of checkout, payment links and portal, with buttons to pay and to go back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.stripe_fake.actions import Actions
from tests.stripe_fake.errors import ApiError
from tests.stripe_fake.state import Shape, StripeState

_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_OVER = ("canceled", "incomplete_expired")


@dataclass
class Page:
    """What a browser gets."""

    status: int
    body: str = ""
    location: str | None = None


def show(state: StripeState, method: str, address: str, form: dict[str, str]) -> Page:
    """The page at an address, or what its button does. form: the fields of a POST."""
    parts = urlsplit(address)
    _, kind, name = [*parts.path.split("/", 2), "", ""][:3]
    if not kind:
        return Page(200, _frame("Thank you", "<p>Where a payment link has no page of its own, it ends here.</p>"))
    found = state.objects.get(name)
    do = {
        "checkout": _checkout, "portal": _portal, "link": _link, "invoice": _document, "receipts": _document,
        "authenticate": _authenticate,
    }.get(kind)  # fmt: skip
    if found is None or do is None:
        return Page(404, _frame("Nothing is here", "<p>This session does not exist.</p>"))
    try:
        return do(state, found, form if method == "POST" else dict(parse_qsl(parts.query)))
    except ApiError as error:
        return Page(400, _frame("Not so", f"<p>{escape(str(error))}</p>"))


def _document(_: StripeState, paid: Shape, __: dict[str, str]) -> Page:
    """Stripe's page of an invoice, or the receipt of a charge."""
    return Page(200, _frame("Invoice" if paid["object"] == "invoice" else "Receipt", f"<p>{escape(paid['id'])}</p>"))


def _authenticate(state: StripeState, intent: Shape, form: dict[str, str]) -> Page:
    """The question of the bank about a payment."""
    question = (intent["next_action"] or {}).get("redirect_to_url")
    if question is None:
        return Page(200, _frame("This payment is decided", f"<p>It is {escape(intent['status'])}.</p>"))
    if form.get("do") not in ("yes", "no"):
        amount = f"<p>{intent['amount'] / 100:.2f} {escape(intent['currency'].upper())}</p>"
        return Page(200, _frame("Is it you who pays?", amount + _buttons({"yes": "Complete", "no": "Fail"})))
    succeeds = form["do"] == "yes"
    Actions(state).authenticate(intent["id"], succeeds=succeeds)
    told = {"payment_intent": intent["id"], "redirect_status": "succeeded" if succeeds else "failed"}
    target = question["return_url"]
    return Page(303, location=f"{target}{'&' if '?' in target else '?'}{urlencode(told)}")


def _link(state: StripeState, link: Shape, form: dict[str, str]) -> Page:
    """A payment link opens a checkout. Stripe takes these fields from the link's query."""
    opened = Actions(state).open_link(
        link["id"], client_reference_id=form.get("client_reference_id"), email=form.get("prefilled_email")
    )
    return Page(303, location=f"/checkout/{opened['id']}")


def _checkout(state: StripeState, session: Shape, form: dict[str, str]) -> Page:
    actions, do = Actions(state), form.get("do", "")
    if do in ("pay", "pay_later"):
        actions.complete(
            session["id"], pays=do == "pay", email=form.get("email") or None, code=form.get("code") or None
        )
        return Page(303, location=session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))
    if do == "back":
        return Page(303, location=session["cancel_url"] or session["success_url"])
    if session["status"] != "open":
        return Page(200, _frame("This checkout is over", f"<p>It is {escape(session['status'])}.</p>"))
    note = ""
    if do == "decline":
        actions.decline(session["id"])
        note = "<p>The card was declined.</p>"
    fields = "" if session["customer"] else '<p><label>E-mail <input name="email" type="email"></label></p>'
    if session["allow_promotion_codes"]:
        fields += '<p><label>Promotion code <input name="code"></label></p>'
    choices = {"pay": "Pay", "pay_later": "Pay by a slow method", "decline": "Pay with a bad card", "back": "Back"}
    return Page(200, _frame("Checkout", note + _bought(state, session) + _buttons(choices, fields)))


def _bought(state: StripeState, session: Shape) -> str:
    text = ""
    for line in session["_"]["lines"]:
        chosen = state.objects[line["price"]]
        every = f" every {chosen['recurring']['interval']}" if chosen["recurring"] else ""
        amount = f"{chosen['unit_amount'] * line['quantity'] / 100:.2f} {chosen['currency'].upper()}"
        name = escape(state.objects[chosen["product"]]["name"])
        count = f"{line['quantity']} × " if line["quantity"] > 1 else ""
        text += f"<p>{count}{name}: {amount}{every}</p>"
    days = session["_"]["trial_days"]
    return text + (f"<p>Nothing is paid for {days} days.</p>" if days else "")


def _portal(state: StripeState, session: Shape, form: dict[str, str]) -> Page:
    actions, do = Actions(state), form.get("do", "")
    runs = [one for one in state.of("subscription") if one["customer"] == session["customer"]]
    mine = [one for one in runs if one["status"] not in _OVER]
    if do == "back":
        return Page(303, location=session["return_url"] or "/")
    if session["flow"]:
        return _confirm(state, session, do)
    if do and mine:
        _act(state, actions, mine[0], do)
        return Page(303, location=f"/portal/{session['id']}")
    if not mine:
        return Page(200, _frame("Portal", "<p>No subscription.</p>" + _buttons({"back": "Back to the site"})))
    one = mine[0]
    pending = one["cancel_at"] or one["cancel_at_period_end"]
    status = f"<p>{escape(one['status'])}{', ends with its period' if pending else ''}</p>"
    choice = {"keep": "Keep it"} if pending else {"cancel": "Cancel at the end of the period"}
    if one["status"] in ("past_due", "unpaid"):
        choice["pay"] = "Pay what is open"
    choices = {**choice, "end": "End it now", **_switches(state, one), "back": "Back to the site"}
    return Page(200, _frame("Portal", status + _buttons(choices)))


def _confirm(state: StripeState, session: Shape, do: str) -> Page:
    """The page that asks to confirm one change of the plan."""
    flow = session["flow"]
    wanted = flow["subscription_update_confirm"]
    one, price = state.objects[wanted["subscription"]], wanted["items"][0]["price"]
    if do == "confirm":
        _act(state, Actions(state), one, f"switch:{price}")
        ending = flow["after_completion"]
        target = ending["redirect"]["return_url"] if ending["type"] == "redirect" else f"/portal/{session['id']}"
        session["flow"] = None  # it is for one change
        return Page(303, location=target)
    chosen = state.objects[price]
    name, every = state.objects[chosen["product"]]["name"], chosen["recurring"]["interval"]
    text = f"<p>{escape(name)}: {chosen['unit_amount'] / 100:.2f} {chosen['currency'].upper()} every {every}</p>"
    return Page(200, _frame("Confirm your updates", text + _buttons({"confirm": "Confirm", "back": "Go back"})))


def _act(state: StripeState, actions: Actions, one: Shape, do: str) -> None:
    steps: dict[str, Callable[[str], object]] = {
        "cancel": actions.cancel_at_period_end, "keep": actions.keep, "end": actions.end, "pay": actions.recover,
    }  # fmt: skip
    if do in steps:
        steps[do](one["id"])
    elif do.startswith("switch:") and do in _switches(state, one):
        settings = _settings(state)
        price = do.removeprefix("switch:")
        if _waits(settings, one["items"]["data"][0]["price"], state.objects[price]):
            actions.schedule_price(one["id"], price)
            return
        anchor_now = settings["billing_cycle_anchor"] == "now"
        ends_trial = settings["trial_update_behavior"] == "end_trial"
        actions.change_price(
            one["id"], price, proration=settings["proration_behavior"], anchor_now=anchor_now, ends_trial=ends_trial
        )


def _switches(state: StripeState, one: Shape) -> dict[str, str]:
    """The prices that users may switch to, by the portal's settings."""
    settings = _settings(state)
    present = one["items"]["data"][0]["price"]["id"]
    found: dict[str, str] = {}
    for product in settings["products"] or () if settings["enabled"] else ():
        for name in product["prices"]:
            chosen = state.objects[name]
            if name != present and chosen["active"]:
                word = state.objects[chosen["product"]]["name"]
                found[f"switch:{name}"] = f"Switch to {word} by the {chosen['recurring']['interval']}"
    return found


def _waits(settings: Shape, present: Shape, chosen: Shape) -> bool:
    """Whether the portal's settings postpone a change to the end of the period."""
    kinds = {one["type"] for one in settings["schedule_at_period_end"]["conditions"]}
    days = [_DAYS[one["recurring"]["interval"]] * one["recurring"]["interval_count"] for one in (present, chosen)]
    cheaper = chosen["unit_amount"] / days[1] < present["unit_amount"] / days[0]
    return (cheaper and "decreasing_item_amount" in kinds) or (days[1] < days[0] and "shortening_interval" in kinds)


def _settings(state: StripeState) -> Shape:
    saved = state.of("billing_portal.configuration")
    update: Shape = saved[0]["features"]["subscription_update"] if saved else {"enabled": False, "products": []}
    return update


def _buttons(labels: dict[str, str], fields: str = "") -> str:
    inner = "".join(f'<button name="do" value="{value}">{escape(text)}</button> ' for value, text in labels.items())
    return f'<form method="post">{fields}{inner}</form>'


def _frame(title: str, inner: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} (a Stripe for tests)</title>'
        f'<link rel="icon" href="data:,"></head><body><main><h1>{title}</h1>{inner}'
        "<p>This is not Stripe. No money moves.</p></main></body></html>"
    )
