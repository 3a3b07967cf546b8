"""Time passes: everything that Stripe does by itself happens, in the order of its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from tests.stripe_fake.actions.changes import Changes
from tests.stripe_fake.state import Shape
from tests.stripe_fake.times import DAY

_OVER = ("canceled", "incomplete_expired")
_INCOMPLETE = 23 * 3600
Deed = tuple[int, Callable[[], object]]


class Clock(Changes):
    """The fake Stripe's clock moves, as a test clock at Stripe does."""

    def advance(self, *, days: float = 0, seconds: int = 0) -> None:
        """So much time passes: trials end, periods are renewed (as each customer's card answers), open invoices are
        tried again, what was cancelled ends, what was paused resumes, checkouts expire, unpaid changes are dropped.
        """
        self.advance_to(self.state.now + int(days * DAY) + seconds)

    def advance_to(self, moment: int) -> None:
        """The same, up to a moment (s since 1970)."""
        with self.state.lock:
            while due := min((one for one in self._due() if one[0] <= moment), key=lambda one: one[0], default=None):
                self.state.now = max(self.state.now, due[0])
                due[1]()
            self.state.now = max(self.state.now, moment)

    def next_moment(self) -> int | None:
        """The time of the next thing that happens by itself; None when there is none."""
        with self.state.lock:
            return min((moment for moment, _ in self._due()), default=None)

    def _due(self) -> Iterator[Deed]:
        for found in self.state.of("subscription"):
            if found["status"] not in _OVER:
                yield self._next(found)
            if (pending := found["pending_update"]) is not None:
                yield pending["expires_at"], lambda name=found["id"]: self.expire_pending(name)  # type: ignore[misc] # bound now, by its default
        for bill in self.state.of("invoice"):
            if bill["status"] == "open" and bill["next_payment_attempt"] is not None:
                yield bill["next_payment_attempt"], partial(self._retry, bill)
        for made in self.state.of("checkout.session"):
            if made["status"] == "open":
                yield made["expires_at"], lambda name=made["id"]: self._expire(name)  # type: ignore[misc] # bound now, by its default

    def _next(self, found: Shape) -> Deed:
        """The next thing that happens to a subscription by itself."""
        name = found["id"]
        end = min(one["current_period_end"] for one in found["items"]["data"])
        if found["status"] == "incomplete":
            return found["created"] + _INCOMPLETE, lambda: self.expire_incomplete(name)
        stop = end if found["cancel_at_period_end"] else found["cancel_at"]
        if stop is not None and stop <= end:
            return stop, lambda: self.end(name)
        paused = found["pause_collection"]
        if paused is not None and paused["resumes_at"] is not None and paused["resumes_at"] <= end:
            return paused["resumes_at"], lambda: self.pause_collection(name, None)
        if found["status"] == "paused":
            return 2**53, lambda: None
        return end, lambda: self.renew(name, paid=None)

    def _retry(self, bill: Shape) -> None:
        self.pay_invoice(bill["id"], card=self._card(bill["customer"], None))

    def _expire(self, name: str) -> None:
        made = self._find(name)
        made.update(status="expired", url=None)
        self.state.emit("checkout.session.expired", made)
