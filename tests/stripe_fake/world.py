"""What Stripe keeps: objects by id, events, idempotency keys, and the faults that a test asked for."""

from __future__ import annotations

import copy
import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Any

Shape = dict[str, Any]

#: Endpoints keep the version they were made under; payloads of an old one must not matter.
ENDPOINT_VERSION = "2024-06-20"


@dataclass
class Fault:
    """Answer `status` to the next `times` requests whose "METHOD /path" contains `match`.

    status:  0 = never answer (the client's time runs out).
    applied: do what was asked first, then fail: the request whose answer is lost.
    """

    match: str
    status: int
    times: int = 1
    applied: bool = False


@dataclass
class World:
    """All of it. `lock` is held for each request; tests that touch it while the server runs go through `Desk`."""

    livemode: bool = False
    now: int = field(default_factory=lambda: int(time.time()))
    objects: dict[str, Shape] = field(default_factory=dict)
    events: list[Shape] = field(default_factory=list)
    delivered: set[str] = field(default_factory=set)
    answers: dict[str, tuple[str, Shape]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    #: Customers whom lists refuse, as those of another account.
    unknown: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    released: threading.Event = field(default_factory=threading.Event)
    on_event: Any = None
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def add(self, prefix: str, kind: str, **fields: Any) -> Shape:
        """Make an object with the fields that every one has."""
        number = next(self._numbers)
        made: Shape = {
            "id": f"{prefix}_{number:06d}",
            "object": kind,
            "created": self.now,
            "livemode": self.livemode,
            "metadata": {},
            **fields,
        }
        self.objects[made["id"]] = made
        return made

    def of(self, kind: str) -> list[Shape]:
        """Every object of a kind, newest first, as Stripe lists them."""
        return [thing for thing in reversed(self.objects.values()) if thing["object"] == kind]

    def emit(self, kind: str, thing: Shape) -> Shape:
        """Write down an event with the object as it is at this moment."""
        event = {
            "id": f"evt_{next(self._numbers):06d}",
            "object": "event",
            "api_version": ENDPOINT_VERSION,
            "created": self.now,
            "data": {"object": copy.deepcopy(thing)},
            "livemode": self.livemode,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)
        return event

    def take_fault(self, request: str) -> Fault | None:
        """The fault that this request meets, if any."""
        for fault in self.faults:
            if fault.match in request and fault.times > 0:
                fault.times -= 1
                return fault
        return None
