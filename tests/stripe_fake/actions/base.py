"""What every action stands on."""

from __future__ import annotations

from tests.stripe_fake.world import Card, Shape, World


class Actor:
    """Moves a world, under its lock, and writes down the events."""

    def __init__(self, world: World) -> None:
        self.world = world

    def _find(self, name: str) -> Shape:
        return self.world.objects[name]

    def _card(self, customer: str | None, pays: bool | None) -> Card:
        """How the card answers: as the action says, else as the customer's card does."""
        if pays is None:
            return self.world.cards.get(customer or "", "good")
        return "good" if pays else "declined"

    def set_card(self, customer: str, card: Card) -> None:
        """From now on the customer's card pays ("good"), is "declined", or asks to "authenticate"."""
        self.world.cards[customer] = card
