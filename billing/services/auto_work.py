"""The work of automatic top-up: falls that were noted become charges, and charges go on to their end.

A payment at Stripe succeeds once at most, whatever is asked of it. So each fall has one payment: it is made under a key
that the fall names, its id is stored, and only then it is confirmed. Who dies anywhere in between leaves a row that
says how to go on, and what has become of the payment is read from Stripe.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from logging import getLogger
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError

from billing.conf import app_settings
from billing.errors import BillingOff, CustomerBusy, StripeRefused, StripeUnavailable, Unresolved
from billing.models.automatic import OPEN_STATES, AutomaticCharge, AutoTopUp, ChargeState
from billing.services import auto_cards, auto_charges, catalogue
from billing.services.auto_sync import has_open_dispute, stop_disputed
from billing.services.stripe_api import PAGE, client, fetch, fetch_all, is_live, is_on
from billing.services.sync import sync_customer
from billing.services.topups import AUTOMATIC, KIND, is_automatic
from billing.types import Choice
from kv.errors import StoreUnavailable
from kv.process.lazy import LazyModule
from kv.times import utc_now
from usertokens.errors import AccountClosed
from usertokens.services import watches

if TYPE_CHECKING:
    from usertokens.services import balances
else:
    # It imports models, which a project that only sells plans may not have installed.
    balances = LazyModule("usertokens.services.balances")

log = getLogger(__name__)

_BATCH = 50
_WALKED = 200
#: A charge that could not be made for so long is given up: it would surprise.
_TOO_LATE = timedelta(hours=24)
#: By so much Stripe's clock and the store's may differ.
_CLOCKS = timedelta(days=1)
#: Seconds before each further try.
_BACKOFF = (2, 5, 15, 60, 300, 900)


def work_automatic(*, now: datetime | None = None) -> bool:
    """One step: the falls that were just noted, then one charge that is due. True when there may be more to do.

    Raises StoreUnavailable or Django's DatabaseError; the step is then repeated later.
    """
    if not is_on() or not app_settings.BILLING_TOPUPS:
        return False
    moment = now or utc_now()
    with watches.take_crossings(_BATCH) as found:
        if found:
            serve_falls(found, now=moment)
    return work_charge(now=moment) or len(found) == _BATCH


def serve_falls(user_ids: list[str], *, now: datetime | None = None) -> None:
    """Charge for the falls that the accounts of some users tell, once for each fall.

    A fall that can't be dealt with now stays in its account, and is looked at again. While Stripe can't be used, the
    others wait too. Raises StoreUnavailable.
    """
    now = now or utc_now()
    seen = watches.read_watches(user_ids)
    rows = {str(row.user_id): row for row in AutoTopUp.objects.filter(user_id__in=user_ids)}
    for place, user_id in enumerate(user_ids):
        if not seen[user_id].crossing:
            continue
        try:
            _serve_fall(user_id, rows.get(user_id), seen[user_id], now)
        except StripeUnavailable as error:
            log.warning("billing: %d falls wait for Stripe: %s", len(user_ids) - place, error)
            watches.give_back_crossings(user_ids[place:])
            return
        except (StripeRefused, CustomerBusy, BillingOff, Unresolved) as error:
            log.warning("billing: the fall of user %s waits: %s", user_id, error)
        except AccountClosed:
            log.info("billing: the account of user %s is closed", user_id)
        except (StoreUnavailable, DatabaseError):
            raise
        except Exception as error:  # noqa: BLE001 (nobody else waits for what is wrong with one account)
            log.error("billing: the fall of user %s was not served: %s", user_id, type(error).__name__)  # noqa: TRY400 (the text of an error may name what no log may hold)


def _serve_fall(user_id: str, row: AutoTopUp | None, seen: watches.Watched, now: datetime) -> None:
    fall, fell_at = seen.crossing, seen.fell_at or now
    charge = AutomaticCharge.objects.filter(user_id=user_id, fall=fall).first()
    if charge is None:
        if row is None or not row.is_on:
            watches.watch_balance(user_id, None, now=now)
            return
        if auto_charges.is_ready(row) and _is_needed(user_id, row, now):
            waiting = auto_charges.find_open(user_id)
            if waiting is not None:
                _make_room(waiting, now)
                if auto_charges.find_open(user_id) is not None:
                    return  # looked at again with the next walk
            if waiting is None or _is_needed(user_id, row, now):
                charge = _begin(user_id, row, fall, fell_at, now)
    watches.clear_crossing(user_id, fall)
    if charge is not None and charge.state == ChargeState.CHARGING:
        advance_charge(charge, now=now)


def _is_needed(user_id: str, row: AutoTopUp, now: datetime) -> bool:
    """Whether the balance is still at the threshold: tokens may have come meanwhile, or come back from a hold."""
    return balances.get_balance(user_id, now=now).tokens.balance <= (row.threshold or 0)


def _make_room(waiting: AutomaticCharge, now: datetime) -> None:
    """Cancel a payment that waits for its owner: a newer fall is to be charged. One that is being charged stays."""
    if waiting.state == ChargeState.ACTION:
        _cancel(waiting, now)
    elif waiting.due_at is not None and waiting.due_at <= now:
        advance_charge(waiting, now=now)


def _begin(user_id: str, row: AutoTopUp, fall: str, fell_at: datetime, now: datetime) -> AutomaticCharge | None:
    """The charge of a fall, written; None when the card is gone, a payment is disputed, or nothing is for sale."""
    if not auto_cards.check_card(row, now):
        return None
    if has_open_dispute(row.customer_id):
        stop_disputed(user_id, now=now)
        return None
    offer = catalogue.offer_of(Choice(tokens=row.tokens or 0)) if row.tokens in app_settings.BILLING_TOPUPS else None
    if offer is None:
        log.warning(
            "billing: %s tokens are not for sale any more, so nothing was charged for user %s", row.tokens, user_id
        )
        return None
    return auto_charges.begin_charge(user_id, fall, fell_at, offer, now)


class _Walk:
    """Visits every user with automatic top-up, in steps: falls whose note was lost, thresholds of a restored store.

    Only this process knows the place between two steps.
    """

    def __init__(self) -> None:
        self._last = 0

    def step(self) -> bool:
        """Serve the next users; True while some are left. Raises StoreUnavailable."""
        if not is_on():
            return False
        rows = list(AutoTopUp.objects.filter(is_on=True, pk__gt=self._last).order_by("pk")[:_WALKED])
        self._last = rows[-1].pk if len(rows) == _WALKED else 0
        if rows:
            self._serve({str(row.user_id): row for row in rows})
        return bool(self._last)

    def _serve(self, rows: dict[str, AutoTopUp]) -> None:
        seen = watches.read_watches(list(rows))
        for user_id, row in rows.items():
            if seen[user_id].threshold != row.threshold:
                with suppress(AccountClosed):
                    watches.watch_balance(user_id, row.threshold)
        serve_falls([user_id for user_id in rows if seen[user_id].crossing])


WALK = _Walk()


def work_charge(*, now: datetime | None = None) -> bool:
    """Take one charge that is due to its next state; False when none is due."""
    now = now or utc_now()
    due = AutomaticCharge.objects.filter(due_at__lte=now, state__in=OPEN_STATES, livemode=is_live())
    charge = due.order_by("due_at", "pk").first()
    if charge is None:
        return False
    advance_charge(charge, now=now)
    return True


def advance_charge(charge: AutomaticCharge, *, now: datetime | None = None) -> None:
    """Take a charge as far as it goes now. What can't be done now is tried again later. Raises StoreUnavailable."""
    now = now or utc_now()
    if not auto_charges.claim_charge(charge, now):
        return
    try:
        _advance(charge, now)
    except StripeUnavailable as error:
        _later(charge, now, new_key=error.is_replayed)
    except StripeRefused as error:
        if error.kind == "idempotency":
            _later(charge, now, new_key=True)
        else:
            auto_charges.end_charge(charge, ChargeState.FAILED, error.reason, now=now)
    except (CustomerBusy, Unresolved, BillingOff) as error:
        log.info("billing: an automatic top-up of user %s waits: %s", charge.user_id, error)
        _later(charge, now)


def _advance(charge: AutomaticCharge, now: datetime) -> None:
    if not charge.intent_id:
        if not _goes_on(charge, now):
            auto_charges.end_charge(charge, ChargeState.CANCELED, now=now)
            return
        intent = _create(charge)
        if not auto_charges.keep_intent(charge, str(intent["id"])):
            return  # closed meanwhile, or another process is at it: what is not confirmed costs nothing
    else:
        intent = fetch(lambda: client().v1.payment_intents.retrieve(charge.intent_id))
    if charge.state == ChargeState.ACTION:
        if not AutoTopUp.objects.filter(user_id=charge.user_id, is_on=True).exists():
            _cancel(charge, now)
            return
    elif intent["status"] == "requires_confirmation":
        # Read anew: it may have been switched off, or the cap lowered, while Stripe made the payment.
        if not _goes_on(charge, now) or not auto_charges.fits_cap(charge, now):
            _cancel(charge, now)
            return
        _confirm(charge)
    sync_customer(charge.customer_id, now=now)
    if AutomaticCharge.objects.filter(pk=charge.pk, state=ChargeState.CHARGING).exists():
        _later(charge, now)


def _goes_on(charge: AutomaticCharge, now: datetime) -> bool:
    """Whether the card may be charged now, by the settings as they are."""
    row = AutoTopUp.objects.filter(user_id=charge.user_id).first()
    return row is not None and auto_charges.is_ready(row) and now - charge.made_at < _TOO_LATE


def _create(charge: AutomaticCharge) -> dict[str, Any]:
    """The payment of a charge, not confirmed: no money moves. The one that is there already, else a new one.

    Stripe knows a key for a day. After that, and over a restored database, the list tells that there is one.
    """
    since = int((charge.fell_at - _CLOCKS).timestamp())
    asked: Any = {"customer": charge.customer_id, "created": {"gte": since}, "limit": PAGE}
    for found in fetch_all(lambda: client().v1.payment_intents.list(asked)):
        if is_automatic(found) and found["metadata"][AUTOMATIC] == charge.fall:
            return found
    params: Any = {
        "amount": charge.cents,
        "currency": charge.currency.lower(),
        "customer": charge.customer_id,
        "payment_method": charge.payment_method,
        "allowed_payment_method_types": ["card"],
        "metadata": {
            "user_id": str(charge.user_id),
            "kind": KIND,
            "tokens": str(charge.tokens),
            AUTOMATIC: charge.fall,
        },
    }
    options: Any = {"idempotency_key": _key(charge, "create")}
    return fetch(lambda: client().v1.payment_intents.create(params, options))


def _confirm(charge: AutomaticCharge) -> None:
    """Charge the card without its owner. A refusal of the card is read from the payment afterwards."""
    params: Any = {"off_session": True}
    options: Any = {"idempotency_key": _key(charge, "confirm")}
    try:
        fetch(lambda: client().v1.payment_intents.confirm(charge.intent_id, params, options))
    except StripeRefused as error:
        if error.kind != "card" and error.reason != "payment_intent_unexpected_state":
            raise


def _key(charge: AutomaticCharge, step: str) -> str:
    return f"automatic-{charge.customer_id}-{charge.fall.replace(' ', '-')}-{step}-{charge.key_number}"


def _cancel(charge: AutomaticCharge, now: datetime) -> None:
    """Cancel a payment; what has become of it is read afterwards, since it may have been paid before."""
    if charge.intent_id:
        try:
            fetch(lambda: client().v1.payment_intents.cancel(charge.intent_id))
        except StripeRefused as error:
            log.info("billing: automatic top-up %s is not canceled: %s", charge.intent_id, error.reason)
        sync_customer(charge.customer_id, now=now)
    else:
        auto_charges.end_charge(charge, ChargeState.CANCELED, now=now)


def _later(charge: AutomaticCharge, now: datetime, *, new_key: bool = False) -> None:
    """Try again after a longer pause each time. new_key: Stripe would answer the same failure for a day."""
    pause = timedelta(seconds=_BACKOFF[min(charge.attempts, len(_BACKOFF)) - 1])
    mine = AutomaticCharge.objects.filter(pk=charge.pk, state__in=OPEN_STATES, due_at=charge.due_at)
    mine.update(due_at=now + pause, key_number=charge.key_number + new_key)
