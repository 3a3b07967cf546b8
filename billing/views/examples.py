"""One example of each call, for the API's description."""

from billing.conf import app_settings
from kv.rest.schema import answered, sent

CHECKOUT = [sent({"topup": 1000}), answered({"url": "https://checkout.stripe.com/c/pay/cs_test_a1"})]
PORTAL = [answered({"url": "https://billing.stripe.com/p/session/test_b2"})]
SUBSCRIPTION = [
    answered(
        {
            "plan": next(iter(app_settings.PLAN_ALLOWANCES)),
            "status": None,
            "period_end": None,
            "cancel_at": None,
            "pending": None,
        }
    )
]
AUTO_TOPUP = [
    answered(
        {
            "enabled": True,
            "threshold": 100,
            "topup": 1000,
            "monthly_cap_cents": 5000,
            "status": "ready",
            "action_url": None,
        }
    )
]
SAVE_AUTO_TOPUP = [
    sent({"enabled": True, "threshold": 100, "topup": 1000, "monthly_cap_cents": 5000}),
    *AUTO_TOPUP,
]
EVENT = [
    sent(
        {"id": "evt_1", "object": "event", "type": "customer.subscription.updated", "data": {"object": {"id": "sub_1"}}}
    ),
    answered({"received": True}),
]
