"""One site of a given size, in a process of its own, which growth.py asks to do things: see `serve_site`."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from io import StringIO
from pathlib import Path

import orjson
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection as database
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from benchmarks.codetags_rollup import tables
from benchmarks.growth_data import Size, code_name, load
from benchmarks.measure import peak_memory, reset_peak
from benchmarks.store import commands_run, fresh_store, server_seconds, used_memory
from billing.services.work import work_due, work_event
from codetags.services.hits import record_hit
from codetags.services.rollup import roll_up_step
from kv.days import local_day
from kv.work.duties import installed_duties
from stats.services.visits import record_visit
from usertokens.services.balances import spend_tokens

#: So begins the name of what visits everything there is: its cost is divided by the size.
WHOLE = "whole: "
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_PLAIN_FILES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
_VISIT_EVERYBODY = ("usertokens_recharge", "usertokens_archive")
_ASK_STRIPE = "billing_work"

Actions = Iterator[tuple[str, Callable[[], object]]]


@dataclass(frozen=True)
class Cost:
    """Of one call: seconds, processor seconds of this process and the store's, the store's commands, SQL queries.

    commands: those inside scripts too. grown: how much larger this process became, MB.
    """

    seconds: float
    cpu: float
    commands: float
    queries: float
    grown: float


def serve_site(size: Size) -> None:
    """Load a site, say "ready", and answer lines of the input until it ends, all in JSON.

    "list": the names of what it can do. "memory": the bytes that the store holds.
    {"do": name, "calls": how many}: a Cost.
    """
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # WhiteNoise warns when there is none
    with (
        fresh_store() as placed,
        tables(placed),
        override_settings(RATE_LIMITS=None, STORAGES={**settings.STORAGES, **_PLAIN_FILES}),
    ):
        empty = used_memory()
        load(size)
        held = used_memory() - empty
        # The duties first, while nothing was hit within the minutes that a roll-up looks at again.
        actions = dict((*_duties(), *_calls(size), *_pages(), *_commands(placed.directory)))
        known = {"memory": held, "list": list(actions)}
        _say("ready")
        for line in sys.stdin:
            asked = orjson.loads(line)
            _say(known[asked] if isinstance(asked, str) else asdict(_measured(actions[asked["do"]], asked["calls"])))


def _say(answer: object) -> None:
    print(orjson.dumps(answer).decode(), flush=True)


def _measured(action: Callable[[], object], calls: int) -> Cost:
    size = reset_peak()
    commands, server, own, began = commands_run(), server_seconds(), time.process_time(), time.perf_counter()
    with CaptureQueriesContext(database) as queries:
        for _ in range(calls):
            action()
    seconds, own, server = time.perf_counter() - began, time.process_time() - own, server_seconds() - server
    commands, grown = commands_run() - commands, (peak_memory() - size) / 1024
    return Cost(seconds / calls, (own + server) / calls, commands / calls, len(queries) / calls, grown)


def _calls(size: Size) -> Actions:
    chance = random.Random(7)
    first = User.objects.order_by("pk").values_list("pk", flat=True)[0]

    def address() -> str:
        return f"2001:db8:{chance.getrandbits(16):x}:{chance.getrandbits(16):x}:{chance.getrandbits(16):x}::"

    def hit() -> None:
        record_hit(code=code_name(chance.randrange(size.codes)), address=address(), agent=_BROWSER)

    def hits_and_roll_up() -> None:
        # Of as many codes in both sites: a roll-up looks at all that were hit within five minutes.
        for number in range(20):
            record_hit(code=code_name(number), address=address(), agent=_BROWSER)
        _until_done(roll_up_step)

    yield "20 hits and their roll-up", hits_and_roll_up
    yield "a visit", lambda: record_visit(address=address())
    yield "a hit of a code", hit
    yield "a spend", lambda: spend_tokens(str(first + chance.randrange(size.users)), 1, reason="growth")


def _pages() -> Actions:
    anybody, member, staff = (Client(headers={"Host": "127.0.0.1", "User-Agent": _BROWSER}) for _ in range(3))
    member.force_login(User.objects.order_by("pk")[0])
    staff.force_login(User.objects.create_superuser("staff", password="staff"))
    since = local_day() - timedelta(days=6)
    for name, client, path in (
        ("GET /api/stats", anybody, "/api/stats"),
        ("statistics, the page", anybody, "/statistics"),
        ("dashboard, the page", member, "/dashboard"),
        ("GET /api/tokens/transactions", member, "/api/tokens/transactions"),
        ("codes, the list", staff, "/admin/codetags/codecount/"),
        ("codes, the list of a week", staff, f"/admin/codetags/codecount/?since={since.isoformat()}"),
        ("GET /api/dashboard/code-tags", staff, "/api/dashboard/code-tags"),
        ("registry of codes, the list", staff, "/admin/codetags/codetag/"),
        ("users, the list", staff, "/admin/usertokens/tokenledger/"),
        ("Stripe's events, the list", staff, "/admin/billing/stripeevent/"),
        ("GET /metrics", staff, "/metrics"),
    ):
        yield name, partial(_get, client, path)


def _get(client: Client, path: str) -> None:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")


def _duties() -> Actions:
    # Without Stripe's key the duty itself does nothing, and with one it would ask Stripe for the prices.
    yield "billing: no event and no customer is due", lambda: work_event() or work_due()
    for duty in installed_duties():
        if duty.name != _ASK_STRIPE:
            kind = WHOLE if duty.name in _VISIT_EVERYBODY else ""
            yield f"{kind}duty {duty.name}, nothing to do", partial(_until_done, duty.run)


def _until_done(step: Callable[[], bool | None]) -> None:
    while step():
        pass


def _commands(directory: Path) -> Actions:
    backup = directory / "backup"
    yield f"{WHOLE}kv_backup", partial(_run, "kv_backup", str(backup), "--yes")
    yield "kv_check", partial(_run, "kv_check")
    for name in ("usertokens_check", "usertokens_recharge", "codetags_rollup"):
        yield f"{WHOLE}{name}", partial(_run, name)


def _run(*command: str) -> None:
    call_command(*command, stdout=StringIO(), stderr=StringIO(), verbosity=0)
