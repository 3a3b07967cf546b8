"""Stripe's own client for Node works on the fake as on Stripe."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import stripe

from tests.outside import package, program
from tests.stripe_fake import FakeStripe

SCENARIO = Path(__file__).with_name("scenario.cjs")


def test_a_scenario_of_stripe_node() -> None:
    node, library = program("node"), package("stripe")
    with FakeStripe() as fake:
        done = subprocess.run(
            [node, SCENARIO, library, fake.url], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["version"] == stripe.api_version
    assert (seen["open"], seen["url"].startswith(fake.url)) == ("open", True)
    assert (seen["status"], seen["invoice"], seen["refund"], seen["period"]) == ("active", "paid", "succeeded", True)
    (first, was_new), (again, replayed) = seen["kept"]
    assert (first, was_new, replayed) == (again, None, "true")
    assert (seen["pages"], seen["canceled"], seen["listed"]) == (2, "canceled", 1)
    refused = "StripeInvalidRequestError"
    assert seen["refusals"] == [
        {"type": refused, "code": "parameter_unknown", "param": "nam", "status": 400},
        {"type": refused, "code": "resource_missing", "param": "customer", "status": 400},
        {"type": refused, "code": None, "param": None, "status": 400},
        {"type": "StripeIdempotencyError", "code": None, "param": None, "status": 400},
    ]
