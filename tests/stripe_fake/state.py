"""What Stripe keeps: objects by id, events, idempotency keys, and the faults that a test asked for."""

from __future__ import annotations

import copy
import fnmatch
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.stripe_fake.library import fields_of
from tests.stripe_fake.nullable import NULLABLE

Shape = dict[str, Any]
#: How a customer's card answers: pays, is declined, or asks its owner to authenticate (3-D Secure).
Card = Literal["good", "declined", "authenticate"]

#: Webhook endpoints keep the version they were made under; payloads of an old version change nothing.
ENDPOINT_VERSION = "2024-06-20"
#: Types for which the site's webhook endpoint is not registered; they are in the account's list of events alone.
NOT_SENT = (
    "charge.failed", "charge.succeeded", "customer.created", "customer.updated", "invoice.created",
    "invoice.finalized", "invoice.payment_succeeded", "invoice_payment.*", "payment_intent.*", "payment_method.*",
    "setup_intent.*", "subscription_schedule.created",
)  # fmt: skip


@dataclass
class Fault:
    """Answer `status` to the next `times` requests whose "METHOD /path" contains `match`.

    status:  0 = never answer (the client's time runs out).
    applied: do what was asked first, then fail: the request whose answer is lost.
    kept:    the failure is Stripe's answer under the request's idempotency key, and is replayed for a day. Stripe keeps
             its 500s; a 429 or a proxy's 502 and 503 never get so far. None: by these rules.
    """

    match: str
    status: int
    times: int = 1
    applied: bool = False
    kept: bool | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the failure is Stripe's own answer."""
        return self.status == 500 if self.kept is None else self.kept


@dataclass
class StripeState:
    """Everything that Stripe keeps. Each request holds `lock`; tests change it by `Actions` while the server runs."""

    livemode: bool = False
    now: int = field(default_factory=lambda: int(time.time()))
    objects: dict[str, Shape] = field(default_factory=dict)
    #: What the site's webhook endpoint is to get, and every event of the account.
    events: list[Shape] = field(default_factory=list)
    log: list[Shape] = field(default_factory=list)
    not_sent: tuple[str, ...] = NOT_SENT
    delivered: set[str] = field(default_factory=set)
    answers: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    #: Idempotency keys of requests that are being answered.
    in_flight: set[str] = field(default_factory=set)
    #: Customers whom lists refuse, as those of another account.
    unknown: set[str] = field(default_factory=set)
    #: By customer; other customers have a good card.
    cards: dict[str, Card] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    #: The same with what each asked: method, path, query or body.
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    released: threading.Event = field(default_factory=threading.Event)
    #: Answers are held against the library's classes; what did not fit. `newer_values` pass: those of a later version.
    checks: bool = True
    unlike: list[str] = field(default_factory=list)
    newer_values: frozenset[str] = frozenset()
    on_event: Callable[[Shape], object] | None = None
    #: Where checkouts and portals are opened; the server sets it.
    site_url: str = "http://127.0.0.1"
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def add(self, prefix: str, kind: str, **fields: Any) -> Shape:
        """Make an object with the fields that every one of its kind has."""
        made = self.make(prefix, kind, **fields)
        self.objects[made["id"]] = made
        return made

    def make(self, prefix: str, kind: str, **fields: Any) -> Shape:
        """The same for an object that is kept only inside another one."""
        known = fields_of(kind)
        common = {"created": self.now, "livemode": self.livemode, "metadata": {}}
        return {
            "id": self.name(prefix),
            "object": kind,
            **dict.fromkeys(NULLABLE.get(kind, ())),
            **{name: value for name, value in common.items() if name in known},
            **fields,
        }

    def name(self, prefix: str) -> str:
        """A new id."""
        return f"{prefix}_{next(self._numbers):06d}"

    def of(self, kind: str) -> list[Shape]:
        """Every object of a kind, newest first, as Stripe lists them."""
        return [thing for thing in reversed(self.objects.values()) if thing["object"] == kind]

    def emit(self, kind: str, thing: Shape, before: Shape | None = None) -> Shape:
        """Write down an event with the object as it is at this moment.

        before: fields that changed, as they were.
        """
        data: Shape = {"object": copy.deepcopy({key: value for key, value in thing.items() if key != "_"})}
        if before:
            data["previous_attributes"] = copy.deepcopy(before)
        event = {
            "id": self.name("evt"),
            "object": "event",
            "api_version": ENDPOINT_VERSION,
            "created": self.now,
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.log.append(event)
        if any(fnmatch.fnmatch(kind, pattern) for pattern in self.not_sent):
            return event
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)
        return event

    def take_fault(self, request: str, *, early: bool) -> Fault | None:
        """The fault that this request meets, if any; early: one that meets it before Stripe has looked at it."""
        for fault in self.faults:
            if fault.match in request and fault.times > 0 and early != fault.is_kept:
                fault.times -= 1
                return fault
        return None
