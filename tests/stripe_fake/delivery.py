"""Events on their way to the webhook: signed as Stripe signs them, in whatever order, as often as a test likes."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field

from stripe import WebhookSignature

from tests.stripe_fake.state import Shape, StripeState


def signed(event: Shape, secret: str, *, timestamp: int | None = None) -> tuple[bytes, str]:
    """The body and the Stripe-Signature header of one delivery."""
    body = json.dumps(event, indent=2)
    return body.encode(), WebhookSignature.generate_signature_header(body, secret, timestamp or int(time.time()))


@dataclass
class Delivery:
    """Posts events to one endpoint; an event counts as delivered once it was answered with 2xx."""

    state: StripeState
    url: str
    secret: str
    _threads: list[threading.Thread] = field(default_factory=list)

    def deliver(self, events: Iterable[Shape]) -> list[int]:
        """Post each, in the order given; answers the status codes (0 = no answer)."""
        return [self._post(event) for event in events]

    def deliver_in_background(self, event: Shape) -> None:
        """Post one from a thread of its own, as Stripe does: the request that caused it is not kept waiting."""
        thread = threading.Thread(target=self._post, args=(event,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def finish(self) -> None:
        """Return when all that was sent in the background is answered or given up."""
        while self._threads:
            self._threads.pop().join()

    def _post(self, event: Shape) -> int:
        body, signature = signed(event, self.secret)
        request = urllib.request.Request(
            self.url, data=body, headers={"Content-Type": "application/json", "Stripe-Signature": signature}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status = int(answer.status)
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            status = 0
        if 200 <= status < 300:
            self.state.delivered.add(event["id"])
        return status
