"""`POST /api/tokens/spend` over HTTP beside a naive DRF view with the same sessions, database and one `evalsha`."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.http import ROOT, Sent, granian, load, served_site
from benchmarks.measure import Row, per_second
from benchmarks.store import placed_store

_ROUNDS = 7
_SECONDS = 1
_USERS = 16
# Users, a session for each, and plenty to spend: as JSON, pairs of user id and session key.
_PREPARE = """
import json, django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from usertokens.services.balances import add_tokens
call_command("migrate", verbosity=0)
pairs = []
for number in range({users}):
    user = User.objects.create_user(f"u{{number}}")
    client = Client()
    client.force_login(user)
    add_tokens(str(user.pk), 10**11, reason="plenty")
    pairs.append([str(user.pk), client.cookies["sessionid"].value])
print(json.dumps(pairs))
"""


def run() -> Iterator[Row]:
    """Rounds in turn, the median of each; sixteen users with a session each."""
    # everysec for both: an fsync for each answer would measure the disk, and hide what the views cost.
    with placed_store("everysec") as placed:
        site = {**placed.site, "KV_TIMEOUT_MS": "5000"}
        peer = {**site, **placed.peer, "DJANGO_SETTINGS_MODULE": "benchmarks.peers.spend_settings"}
        prepare = [sys.executable, "-c", _PREPARE.format(users=_USERS)]
        answer = subprocess.run(
            prepare, env={**os.environ, **site}, cwd=ROOT, check=True, capture_output=True, text=True
        )
        users = json.loads(answer.stdout.splitlines()[-1])
        rates = _measure(site, peer, users)
    yield Row(
        "POST /api/tokens/spend",
        per_second(rates["ours"]),
        "naive DRF view, same session + evalsha",
        per_second(rates["theirs"]),
        rates["ours"] / rates["theirs"],
        "≥0.8",
    )


def _measure(site: dict[str, str], peer: dict[str, str], users: list[list[str]]) -> dict[str, float]:
    with (
        served_site(site) as ours,
        granian("benchmarks.peers.spend:application", peer) as theirs,
    ):
        return _in_turn(
            {
                "ours": lambda: load(ours, _spend("/api/tokens/spend", ours, users), seconds=_SECONDS),
                "theirs": lambda: load(theirs, _spend("/spend", theirs, users), seconds=_SECONDS),
            }
        )


def _in_turn(candidates: dict[str, Callable[[], Sent]]) -> dict[str, float]:
    rates: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(_ROUNDS + 1):
        for name, candidate in candidates.items():
            sent = candidate()
            if turn and sent.bad:  # workers may still be starting in the first
                raise RuntimeError(f"{name}: {sent}")
            if turn:
                rates[name].append(sent.rate)
    return {name: statistics.median(values) for name, values in rates.items()}


def _spend(path: str, port: int, users: list[list[str]]) -> Callable[[int], bytes]:
    body = b'{"amount":1,"reason":"article"}'
    token = "a" * 32  # the cookie and the header say the same: that is all CSRF asks of a request without a form
    heads = [
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: sessionid={session}; csrftoken={token}\r\n"
        f"X-CSRFToken: {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        for _, session in users
    ]

    def request(number: int) -> bytes:
        return (
            f"{heads[number % len(heads)]}Idempotency-Key: {port}-{number}-{os.urandom(4).hex()}\r\n\r\n".encode()
            + body
        )

    return request
