"""The admin's registry at 50 000 codes, Stripe's events at 500 000 and users at 100 000. Absolute bars.

On the database of the settings.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection as database

from benchmarks.codetags_list import admin_client
from benchmarks.measure import Row
from benchmarks.processor import Processor
from billing.models import StripeEvent
from codetags.models import CodeTag
from kv.sql.upserts import upsert_rows
from usertokens.models import TokenLedger

_CODES, _EVENTS, _USERS = 50_000, 500_000, 100_000
_ROUNDS = 7
_MS = 100
_FIRST = datetime(2025, 6, 1, tzinfo=UTC)
_TYPES = (
    "invoice.paid", "customer.subscription.updated", "checkout.session.completed", "charge.refunded", "invoice.voided",
)  # fmt: skip
_PAGES = {
    "registry, first page": "codetags/codetag/",
    "registry, middle page": "codetags/codetag/?p=250",
    "registry, last page": f"codetags/codetag/?p={_CODES // 100}",
    "registry, filter": "codetags/codetag/?archived__exact=0",
    "registry, search": "codetags/codetag/?q=00F",
    "events, first page": "billing/stripeevent/",
    "events, middle page": "billing/stripeevent/?p=2500",
    "events, last page": f"billing/stripeevent/?p={_EVENTS // 100}",
    "events, state": "billing/stripeevent/?state__exact=parked",
    "events, type": "billing/stripeevent/?type=invoice.paid",
    "events, year": "billing/stripeevent/?received_at__year=2025",
    "events, id": f"billing/stripeevent/?q=evt_{_EVENTS // 2:024}",
    "events, customer": "billing/stripeevent/?q=cus_00000000000777",
    "events, beginning of an id": f"billing/stripeevent/?q=evt_{_EVENTS // 2:024}"[:-2],
    "events, beginning of many": f"billing/stripeevent/?q=evt_{_EVENTS // 2:024}"[:-4],
    "events, beginning of all": "billing/stripeevent/?q=evt_",
    "events, no such id": "billing/stripeevent/?q=re_1",
    "users, first page": "usertokens/tokenledger/",
    "users, most tokens": "usertokens/tokenledger/?o=-2",
    "users, middle page": f"usertokens/tokenledger/?o=-2&p={_USERS // 100}",
    "users, plan, most tokens": "usertokens/tokenledger/?plan__exact=Plus&o=-2",
    "users, in debt": "usertokens/tokenledger/?left=debt",
    "users, part of a name": "usertokens/tokenledger/?q=er07",
}


def run() -> Iterator[Row]:
    """The time of each page, and the processor time of this process and of its connection's process in PostgreSQL."""
    with admin_client() as client:
        _fill()
        database_process = Processor(*_database_pids())
        took: dict[str, list[float]] = {name: [] for name in _PAGES}
        spent: dict[str, list[float]] = {name: [] for name in _PAGES}
        there = dict.fromkeys(_PAGES, 0.0)
        for turn in range(_ROUNDS + 1):
            for name, address in _PAGES.items():
                database_process.start()
                began, cpu = time.perf_counter(), time.process_time()
                status = client.get(f"/admin/{address}").status_code
                if status != 200:
                    raise RuntimeError(f"{address}: {status}")
                if turn:  # the first round warms up
                    took[name].append((time.perf_counter() - began) * 1000)
                    spent[name].append((time.process_time() - cpu) * 1000)
                    there[name] += database_process.seconds() * 1000 / _ROUNDS
    for name, times in took.items():
        middle = statistics.median(times)
        note = f"a limit; CPU {statistics.median(spent[name]):.0f} ms, {database.vendor}"
        if there[name]:
            note += f" {there[name]:.0f} ms"
        yield Row(f"admin: {name}", f"{middle:.0f} ms", note, f"{_MS} ms", middle / _MS, "≤1")


def _database_pids() -> tuple[int, ...]:
    """The server's process for this connection, where it is on this machine; none with SQLite, which is in our own."""
    if database.vendor != "postgresql":
        return ()
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return (pid,) if Path(f"/proc/{pid}").exists() else ()


def _fill() -> None:
    events = (_event(place) for place in range(_EVENTS))
    columns = ("event_id", "type", "object_id", "customer_id", "livemode", "state", "attempts", "error", "happened_at")
    upsert_rows(StripeEvent, (*columns, "received_at", "due_at"), events, unique=("event_id",))
    codes = (
        (f"{place:04X}", f"Poster {place}", "", False, *[_FIRST + timedelta(minutes=place)] * 2)
        for place in range(_CODES)
    )
    users = (
        (f"u{place}", f"user{place:06}", _FIRST + timedelta(minutes=place), ("Free", "Plus")[place % 4 == 0],
         place * 7919 % 5000, 5 if place % 50 == 0 else 0)
        for place in range(_USERS)
    )  # fmt: skip
    upsert_rows(TokenLedger, ("user_id", "name", "joined", "plan", "balance", "debt"), users, unique=("user_id",))
    upsert_rows(CodeTag, ("code", "label", "note", "archived", "created_at", "updated_at"), codes, unique=("code",))
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def _event(place: int) -> tuple[object, ...]:
    at = _FIRST + timedelta(seconds=90 * place)
    ids = (f"evt_{place:024}", _TYPES[place % 5], f"in_{place:024}", f"cus_{place % 9000:014}")
    return (*ids, place % 10 > 0, "parked" if place % 1000 == 0 else "done", 1, "", at, at, at)
