"""Everything that can happen at Stripe: customers pay or fail to, they cancel, banks dispute.

Each action changes the state and emits its events. The modules of this package hold them, one for each subject.
"""

from __future__ import annotations

from typing import Any

from tests.stripe_fake import shapes
from tests.stripe_fake.actions.catalogue import Catalogue
from tests.stripe_fake.actions.checkout import Checkout
from tests.stripe_fake.actions.clock import Clock
from tests.stripe_fake.state import Shape


class Actions(Checkout, Clock, Catalogue):
    """All actions, named as Stripe names them. Each answers the object that it changed."""

    def add_customer(self, **fields: Any) -> Shape:
        """A customer that was made in the dashboard (name, email, metadata, id)."""
        with self.state.lock:
            made = shapes.customer(self.state, fields)
            self.state.emit("customer.created", made)
            return made

    def delete_customer(self, customer: str) -> Shape:
        """A customer is deleted, and every subscription with it."""
        with self.state.lock:
            for found in self.state.of("subscription"):
                if found["customer"] == customer and found["status"] != "canceled":
                    self.end(found["id"])
            gone = {"id": customer, "object": "customer", "deleted": True}
            before = dict(self.state.objects[customer])
            self.state.objects[customer] = gone
            self.state.emit("customer.deleted", before)
            return gone
