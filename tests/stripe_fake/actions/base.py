"""The base of all groups of actions."""

from __future__ import annotations

from tests.stripe_fake.state import Card, Shape, StripeState


class ActionGroup:
    """Changes what the fake Stripe keeps, under its lock, and writes down the events."""

    def __init__(self, state: StripeState) -> None:
        self.state = state

    def _find(self, name: str) -> Shape:
        return self.state.objects[name]

    def _card(self, customer: str | None, pays: bool | None) -> Card:
        """How the card answers: as the action says, else as the customer's card does."""
        if pays is None:
            return self.state.cards.get(customer or "", "good")
        return "good" if pays else "declined"

    def set_card(self, customer: str, card: Card) -> None:
        """From now on the customer's card pays ("good"), is "declined", or asks to "authenticate"."""
        self.state.cards[customer] = card
