"""What the owner of the account sells and sets."""

from __future__ import annotations

from typing import Any

from tests.stripe_fake import shapes
from tests.stripe_fake.actions.base import ActionGroup
from tests.stripe_fake.state import Shape


class Catalogue(ActionGroup):
    """Every action answers the object that it changed or made."""

    def add_product(self, name: str, **prices: int) -> dict[str, str]:
        """A product with prices by interval (month=900, year=9000, once=500; cents); answers ids by these names."""
        with self.state.lock:
            owner = shapes.product(self.state, name)
            self.state.emit("product.created", owner)
            made = {"product": owner["id"]}
            for interval, amount in prices.items():
                made[interval] = self.add_price(owner["id"], amount, None if interval == "once" else interval)["id"]
            return made

    def add_price(self, product: str, amount: int, interval: str | None = None, **more: Any) -> Shape:
        """One more price of a product; count: intervals a period, currency."""
        with self.state.lock:
            made = shapes.price(self.state, self._find(product), amount, interval, **more)
            self.state.emit("price.created", made)
            return made

    def archive(self, name: str, *, active: bool = False) -> Shape:
        """A price or product is not sold any more; who has it keeps it. active=True: it is sold again."""
        with self.state.lock:
            found = self._find(name)
            found["active"] = active
            self.state.emit(f"{found['object']}.updated", found, {"active": not active})
            return found

    def add_code(self, code: str, *, percent_off: float | None = None, amount_off: int | None = None) -> Shape:
        """A promotion code that customers may enter in a checkout that allows it."""
        with self.state.lock:
            owner = shapes.coupon(self.state, percent_off=percent_off, amount_off=amount_off)
            return shapes.promotion_code(self.state, owner, code)

    def add_link(self, price: str, *, quantity: int = 1, **fields: Any) -> Shape:
        """A payment link; customer_creation="always" makes a customer of each guest."""
        with self.state.lock:
            return shapes.payment_link(self.state, [{"price": price, "quantity": quantity}], **fields)

    def save_portal_settings(self, *, saved: bool = True) -> None:
        """The owner saves the portal's settings in the dashboard; until then Stripe opens none."""
        with self.state.lock:
            for one in self.state.of("billing_portal.configuration"):
                self.state.objects.pop(one["id"])
            if saved:
                shapes.portal_configuration(self.state)

    def allow_switching(self, *products: str, **settings: Any) -> Shape:
        """In the portal's settings: plans may be switched between these products' prices.

        settings: proration_behavior, trial_update_behavior, billing_cycle_anchor, schedule_at_period_end.
        """
        with self.state.lock:
            made = self.state.of("billing_portal.configuration")[0]
            chosen = [
                {
                    "adjustable_quantity": {"enabled": False, "maximum": None, "minimum": 1},
                    "product": name,
                    "prices": [
                        one["id"]
                        for one in self.state.of("price")
                        if one["product"] == name and one["active"] and one["type"] == "recurring"
                    ],
                }
                for name in products
            ]
            made["features"]["subscription_update"].update(
                enabled=True, default_allowed_updates=["price"], products=chosen, **settings
            )
            return made
