"""Apply events again."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError, CommandParser

from billing.errors import BillingOff, StripeRefused, StripeUnavailable
from billing.services import inbox, replay
from billing.services.work import work_event
from billing.types import EventState
from kv.management.base import StoreCommand

_STATES = (EventState.FAILED, EventState.PARKED)


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= replay.REACH_DAYS:
        raise ArgumentTypeError(f"1 to {replay.REACH_DAYS} is required")
    return days


class Command(StoreCommand):
    """Undelivered events from Stripe, failed and parked events of the inbox, or those named."""

    help = (
        "Apply events again: those that Stripe could not deliver (up to 30 days back), and those of the inbox that "
        "failed or were parked. Without options: all three. It is safe to apply an event twice."
    )
    writes_bulk = True

    def add_arguments(self, parser: CommandParser) -> None:
        """Which events."""
        parser.add_argument("event", nargs="*", help="Only these events (evt_…), whatever their state.")
        parser.add_argument("--undelivered", action="store_true", help="Events that Stripe could not deliver.")
        parser.add_argument("--failed", action="store_true", help="Events that failed after all tries.")
        parser.add_argument(
            "--parked", action="store_true", help="Events whose user, product, plan or mode was unknown."
        )
        parser.add_argument(
            "--days", type=_days, default=replay.REACH_DAYS, help="How many days back to ask Stripe for (1 to 30)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Fetch the events, put them in the queue, apply them."""
        chosen = [name for name in ("undelivered", "failed", "parked") if options[name]]
        names = tuple(options["event"])
        wanted = chosen or ([] if names else ["undelivered", "failed", "parked"])
        taken = self._undelivered(options["days"]) if "undelivered" in wanted else 0
        states = tuple(state for state in _STATES if state.value in wanted)
        events = replay.waiting_events(states, names)
        if names and (unknown := set(names) - set(events.values_list("event_id", flat=True))):
            raise CommandError(f"Not in the inbox: {', '.join(sorted(unknown))}.")
        count = events.count()
        if self.dry_run:
            self.stdout.write(f"Would take {taken} from Stripe, and apply {count} of the inbox again.")
            return
        count = inbox.replay_events(events)
        with self.meter(total=taken + count, label="Applying", unit="events") as meter:
            while work_event():
                meter.advance()
        left = inbox.count_events()
        counts_text = ", ".join(f"{left.get(state, 0)} {state.value}" for state in _STATES)
        self.stdout.write(f"Took {taken} from Stripe, applied {count} of the inbox again; now {counts_text}.")

    def _undelivered(self, days: int) -> int:
        taken = 0
        try:
            for event in self.progress(replay.fetch_undelivered(days=days), label="Asking Stripe", unit="events"):
                if self.dry_run or replay.take_undelivered(event):
                    taken += 1
        except BillingOff as error:
            raise CommandError("Billing is not set up: STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET.") from error
        except (StripeUnavailable, StripeRefused) as error:
            raise CommandError(f"Stripe: {error.reason}. What was taken so far stays; run it again.") from error
        return taken
