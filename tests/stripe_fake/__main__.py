"""`make stripe-fake`: a fake Stripe for a browser on this machine. It prints the environment for the site."""

from __future__ import annotations

import os
import sys
import threading

from tests.stripe_fake.delivery import Delivery
from tests.stripe_fake.server import FakeStripe

SECRET = "whsec_fake_for_this_machine_only"


def main() -> None:
    """Serve until Ctrl-C."""
    site = os.environ.get("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
    port = int(os.environ.get("STRIPE_FAKE_PORT", "12111"))
    with FakeStripe(port=port) as stripe:
        made = stripe.stock()
        later = {"conditions": [{"type": "decreasing_item_amount"}, {"type": "shortening_interval"}]}
        stripe.actions.allow_switching(
            made["plus"], made["premium"], proration_behavior="always_invoice", schedule_at_period_end=later
        )
        link = stripe.actions.add_link(made["topup_1000"], allow_promotion_codes=True)
        stripe.actions.add_code("HALF", percent_off=50)
        stripe.state.on_event = Delivery(stripe.state, f"{site}/api/webhooks/stripe", SECRET).deliver_in_background
        variables = {
            "STRIPE_SECRET_KEY": "sk_test_fake",
            "STRIPE_WEBHOOK_SECRET": SECRET,
            "STRIPE_API_BASE": stripe.url,
            "STRIPE_PRODUCT_PLUS": made["plus"],
            "STRIPE_PRODUCT_PREMIUM": made["premium"],
            "BILLING_TOPUPS": f"1000={made['topup_1000']},5000={made['topup_5000']}",
        }
        environment = " ".join(f"{name}={value}" for name, value in variables.items())
        sys.stdout.write(
            f"A Stripe for tests on {stripe.url}. In a second terminal:\n\n  {environment} make run\n\n"
            f"A payment link for 1000 tokens (for a user's id; the promotion code HALF): {link['url']}"
            "?client_reference_id=1\n\nCtrl-C ends it.\n"
        )
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("\n")


if __name__ == "__main__":
    main()
