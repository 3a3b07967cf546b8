"""Checkouts and payment links: completed, abandoned, paid slowly, declined."""

from __future__ import annotations

from tests.stripe_fake import shapes
from tests.stripe_fake.actions.changes import Changes
from tests.stripe_fake.errors import invalid
from tests.stripe_fake.state import Card, Shape


class Checkout(Changes):
    """Every action answers the session."""

    def complete(self, session: str, *, pays: bool = True, email: str | None = None, code: str | None = None) -> Shape:
        """The customer completes the checkout.

        pays=False: by a method that takes days (`settle` tells the end). email: what a guest writes. code: a promotion
        code that is typed in.
        """
        with self.state.lock:
            found = self._find(session)
            if found["status"] != "open":
                return found
            if code is not None:
                self._reduce(found, code)
            self._identify(found, email)
            found.update(status="complete", url=None)
            if found["mode"] == "subscription":
                self._begin(found, pays=pays)
            elif found["mode"] == "setup":
                self._save_card(found)
            else:
                self._pay(found, pays=pays)
            self.state.emit("checkout.session.completed", found)
            return found

    def decline(self, session: str, *, authenticate: bool = False) -> Shape:
        """The card is declined, or its owner does not authenticate: the checkout stays open."""
        with self.state.lock:
            found = self._find(session)
            if found["mode"] == "payment" and found["amount_total"]:
                card: Card = "authenticate" if authenticate else "declined"
                hidden = found["_"]
                self.collect(
                    found["customer"], found["amount_total"], card, hidden["inner"], currency=found["currency"]
                )
            return found

    def settle(self, session: str, *, paid: bool) -> Shape:
        """Days later the slow payment arrived, or did not."""
        with self.state.lock:
            found = self._find(session)
            if found["mode"] == "subscription":
                self.try_invoice(found["invoice"], "good" if paid else "declined")
                self._follow(self._find(found["subscription"]), self._find(found["invoice"]))
            else:
                self.confirm(self._find(found["payment_intent"]), "good" if paid else "declined")
            if paid:
                found["payment_status"] = "paid"
            kind = "async_payment_succeeded" if paid else "async_payment_failed"
            self.state.emit(f"checkout.session.{kind}", found)
            return found

    def expire(self, session: str) -> Shape:
        """The checkout was abandoned and expires."""
        with self.state.lock:
            found = self._find(session)
            found.update(status="expired", url=None)
            self.state.emit("checkout.session.expired", found)
            return found

    # --- payment links
    def open_link(
        self,
        link: str,
        *,
        client_reference_id: str | None = None,
        email: str | None = None,
        quantity: int | None = None,
        locale: str | None = None,
    ) -> Shape:
        """A customer opens a payment link: an open session. client_reference_id: from the link's query."""
        with self.state.lock:
            found = self._find(link)
            if not found["active"]:
                raise invalid("This payment link is not active.")
            lines = [{**one, "quantity": quantity or one["quantity"]} for one in found["_"]["lines"]]
            recurring = self._find(lines[0]["price"])["recurring"]
            trial = (found["subscription_data"] or {}).get("trial_period_days") or 0
            inner = (found["payment_intent_data"] or found["subscription_data"] or {}).get("metadata") or {}
            return shapes.session(
                self.state, lines,
                mode="subscription" if recurring else "payment", payment_link=link, client_reference_id=(
                    client_reference_id
                ),
                customer_email=email, metadata=dict(found["metadata"]), locale=locale,
                customer_creation="always" if recurring else found["customer_creation"],
                allow_promotion_codes=found["allow_promotion_codes"], cancel_url=self.state.site_url,
                success_url=self.state.site_url, _={"inner": dict(inner), "trial_days": int(trial)},
            )  # fmt: skip

    def pay_link(
        self,
        link: str,
        *,
        client_reference_id: str | None = None,
        email: str = "guest@example.com",
        quantity: int | None = None,
        pays: bool = True,
        code: str | None = None,
    ) -> Shape:
        """A guest pays a link: no customer is made unless the link's `customer_creation` is "always"."""
        with self.state.lock:
            opened = self.open_link(link, client_reference_id=client_reference_id, quantity=quantity)
            return self.complete(opened["id"], pays=pays, email=email, code=code)

    # --- helpers
    def _identify(self, found: Shape, email: str | None) -> None:
        owner = self._find(found["customer"]) if found["customer"] else {}
        written = email or found["customer_email"] or owner.get("email") or "guest@example.com"
        found["customer_details"] = {
            "address": None, "business_name": None, "email": written, "individual_name": None,
            "name": owner.get("name"), "phone": None, "tax_exempt": "none", "tax_ids": [],
        }  # fmt: skip
        if found["customer"] is None and found["customer_creation"] == "always":
            made = shapes.customer(self.state, {"email": written})
            self.state.emit("customer.created", made)
            found["customer"] = made["id"]

    def _begin(self, found: Shape, *, pays: bool) -> None:
        hidden = found["_"]
        first, *more = hidden["lines"]
        made = self.subscribe(
            found["customer"], first["price"], hidden["inner"], hidden["trial_days"], quantity=first["quantity"],
            pays=pays, promotion_code=hidden.get("promotion_code"), extra=tuple(one["price"] for one in more),
        )  # fmt: skip
        bill = self._find(made["latest_invoice"])
        is_paid = bill["status"] == "paid"
        if not is_paid:
            # A method that takes days: the subscription runs while the money is on its way.
            self.update(made["id"], status="active")
        is_free = hidden["trial_days"] or not bill["amount_due"]
        found.update(subscription=made["id"], invoice=bill["id"])
        found["payment_status"] = "no_payment_required" if is_free else "paid" if is_paid else "unpaid"

    def _pay(self, found: Shape, *, pays: bool) -> None:
        hidden = found["_"]
        if not found["amount_total"]:
            found["payment_status"] = "no_payment_required"
            return
        fields = {"setup_future_usage": hidden.get("future"), "description": hidden.get("description")}
        if hidden.get("future"):
            fields["payment_method"] = self.save_card(found["customer"])["id"] if found["customer"] else None
        if pays:
            intent = self.collect(
                found["customer"], found["amount_total"], "good", hidden["inner"], currency=found["currency"], **fields
            )
        else:
            intent = shapes.payment(
                self.state, found["customer"], found["amount_total"], hidden["inner"], "processing",
                currency=found["currency"], **fields,
            )  # fmt: skip
            self.state.emit("payment_intent.processing", intent)
        found.update(payment_intent=intent["id"], payment_status="paid" if pays else "unpaid")
        if pays:
            charged = self._find(intent["latest_charge"])
            charged["billing_details"]["email"] = found["customer_details"]["email"]

    def _save_card(self, found: Shape) -> None:
        saved = self.save_card(found["customer"])
        intent = self._find(found["setup_intent"])
        intent.update(status="succeeded", payment_method=saved["id"])
        found["payment_status"] = "no_payment_required"
        self.state.emit("setup_intent.succeeded", intent)

    def save_card(self, customer: str, card: Card = "good", *, default: bool = True) -> Shape:
        """A card is kept with the customer, for later charges without them; answers the payment method."""
        with self.state.lock:
            made = shapes.payment_method(self.state, customer, card)
            self.state.emit("payment_method.attached", made)
            if default:
                owner = self._find(customer)
                owner.setdefault("invoice_settings", {})["default_payment_method"] = made["id"]
                self.state.cards[customer] = made["_"]["card"]
            return made

    def _reduce(self, found: Shape, word: str) -> None:
        """The customer enters a promotion code."""
        code = next((one for one in self.state.of("promotion_code") if one["code"].lower() == word.lower()), None)
        if code is None or not code["active"] or not found["allow_promotion_codes"]:
            raise invalid("This code is invalid.")
        coupon = self._find(code["promotion"]["coupon"])
        off = shapes.reduced(coupon, found["amount_subtotal"])
        found["amount_total"] = found["amount_subtotal"] - off
        found["total_details"]["amount_discount"] = off
        found["discounts"] = [{"coupon": None, "promotion_code": code["id"]}]
        found["_"]["promotion_code"] = code["id"]
        if found["mode"] == "payment":
            for one in (coupon, code):
                one["times_redeemed"] += 1
