"""A buyer with automatic top-up: a saved card, a threshold, a package and a cap, and the worker that charges."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from billing.models import AutomaticCharge, AutoTopUp
from billing.services import auto_settings
from billing.services.auto_owner import open_card_checkout
from billing.services.auto_work import WALK, work_automatic
from tests.billing.scenario import ADDRESSES, Scenario
from tests.stripe_fake.state import Card, Shape
from usertokens.services import balances

#: Of 100 tokens of the free plan; a package of 1000 costs 500 cents.
THRESHOLD, PACKAGE, PRICE, CAP = 50, 1000, 500, 5000
#: Payments have events too where the site's endpoint is registered for them, as docs/billing.md says.
NOT_SENT_STILL = ("payment_intent.created", "payment_intent.processing", "payment_intent.requires_action")


def set_up(scenario: Scenario, *, card: Card = "good", cap: int = CAP, threshold: int = THRESHOLD) -> AutoTopUp:
    """Saved card and settings, as the page leaves them; the account has its 100 tokens."""
    state = scenario.stripe.state
    state.not_sent = tuple(one for one in state.not_sent if one != "payment_intent.*") + NOT_SENT_STILL
    auto_settings.save_auto_topup(
        scenario.user_id, is_on=True, threshold=threshold, tokens=PACKAGE, monthly_cap=cap, now=scenario.now
    )
    save_card(scenario, card)
    return settings_of(scenario)


def save_card(scenario: Scenario, card: Card = "good") -> str:
    """Save a card in a checkout; answers the card's id."""
    session = open_card_checkout(scenario.user, ADDRESSES).rsplit("/", 1)[1]
    scenario.stripe.actions.complete(session)
    scenario.deliver([scenario.stripe.state.events[-1]])
    method = settings_of(scenario).payment_method
    set_card(scenario, card)
    return method


def set_card(scenario: Scenario, card: Card) -> None:
    """How the saved card answers from now on."""
    scenario.stripe.state.objects[settings_of(scenario).payment_method]["_"]["card"] = card


def settings_of(scenario: Scenario) -> AutoTopUp:
    return AutoTopUp.objects.get(user=scenario.user)


def spend(scenario: Scenario, tokens: int) -> None:
    balances.spend_tokens(scenario.user_id, tokens, reason="article", now=scenario.now)


def fall(scenario: Scenario) -> None:
    """Spend down to 10 tokens, far under the threshold; some are given first where there are too few."""
    missing = THRESHOLD + 1 - scenario.balance
    if missing > 0:
        balances.add_tokens(scenario.user_id, missing, reason="gift", now=scenario.now)
    spend(scenario, scenario.balance - 10)


def charge(scenario: Scenario, *, later: timedelta = timedelta()) -> None:
    """The worker does all that is due, at Stripe's time and `later`."""
    for _ in range(20):
        if not work_automatic(now=scenario.now + later):
            return
    raise AssertionError("the worker does not come to an end")


def walk(scenario: Scenario) -> None:
    """The worker's walk, after the note of a fall was lost."""
    while WALK.step():
        pass
    charge(scenario)


def paid(scenario: Scenario) -> list[Shape]:
    """Payments of automatic top-ups that have succeeded at Stripe."""
    return [one for one in payments(scenario) if one["status"] == "succeeded"]


def payments(scenario: Scenario) -> list[Shape]:
    made = scenario.stripe.state.of("payment_intent")
    return [one for one in made if one["metadata"].get("automatic")]


def states(scenario: Scenario) -> list[str]:
    return list(AutomaticCharge.objects.filter(user=scenario.user).order_by("pk").values_list("state", flat=True))


def status(scenario: Scenario) -> str:
    return auto_settings.read_auto_topup(scenario.user_id).status.value


def granted(scenario: Scenario) -> Any:
    """Tokens of all automatic payments by the ledger's grants, whatever is left of them."""
    from usertokens.services import journal

    return sum(
        one.amount
        for one in journal.iterate_transactions(scenario.user_id)
        if one.type == "grant" and one.key.startswith("stripe:pi_")
    )
