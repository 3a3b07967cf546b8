"""`python -m benchmarks.peers`: the table of ratios. The peers' packages stand in the folder that PEERS names."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

import psycopg

from benchmarks.http import ROOT, granian, load, served_site
from benchmarks.measure import interpreter
from benchmarks.peer_client import peer_client
from benchmarks.processor import Processor, children, parent
from kv.store.embedded import EmbeddedServer
from tests.postgres import postgres

_ROUNDS = 5
_SECONDS = 2
_USERS = 50
#: So many that none of them reaches the limit of 1000 a minute.
_CALLERS = 256
_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
_SECRET = "whsec_" + "b" * 32
#: The least ratio, by operation.
_BARS = {"a spend over HTTP by a service": 3.0}
Request = Callable[[int], bytes]


class Measured(NamedTuple):
    """Operations a second, and processor microseconds of one: of the site, of PostgreSQL and of the store together."""

    rate: float
    cost: float


def main() -> int:
    """Measure and print the table; 1 when a bar is missed."""
    lines = _lines(_measure())
    print(interpreter())
    print("| operation | ours, /s | CPU, µs | theirs, /s | CPU, µs | ratio | CPU | against |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    missed = 0
    for operation, mine, their, against in lines:
        ratio, bar = mine.rate / their.rate, _BARS.get(operation, 0.0)
        missed += ratio < bar
        figures = f"{mine.rate:,.0f} | {mine.cost:,.0f} | {their.rate:,.0f} | {their.cost:,.0f} | {ratio:.1f}"
        note = f" (at least {bar:.0f} is required{': MISSED' if ratio < bar else ''})" if bar else ""
        print(f"| {operation} | {figures} | {mine.cost / their.cost:.2f} | {against}{note} |")
    return 1 if missed else 0


def _measure() -> dict[str, Measured]:
    """Everything on one PostgreSQL (fsync on), one Valkey (`appendfsync always`), granian with two workers each."""
    rates: dict[str, Measured] = {}
    with ExitStack() as stack:
        url = stack.enter_context(postgres(fsync=True))
        directory = Path(tempfile.mkdtemp(prefix="chb-"))
        (directory / "static").mkdir()
        store = EmbeddedServer(directory / "valkey", "always")
        store.ensure(30)
        stack.callback(store.leave)
        common = {"DATABASE_URL": url, "PEER_SOCKET": os.fspath(store.socket_path), "DATA_DIR": os.fspath(directory)}
        servers = _servers(common)
        common["PEER_SERVERS"] = ",".join(map(str, servers))
        environment, token = _ours(common)
        site = stack.enter_context(served_site(environment))
        pairs = {
            "a hit": (site, _hit(site), "hitcount", _their_hit),
            "a webhook": (site, _webhook(site, "/api/webhooks/stripe"), "webhook", _djstripe),
            "a spend over HTTP by a service": (site, _spend(site, "/api/tokens/spend", token), "ledger",
                        lambda port: _spend(port, "/spend", token)),
        }  # fmt: skip
        for operation, (port, request, peer, theirs) in pairs.items():
            with _peer(peer, common) as other:
                both = {f"{operation}, ours": (port, request), peer: (other, theirs(other))}
                rates |= _in_turn(both, servers)
        rates |= _spenders(environment, {**common, "PEER": "ledger"})
        with _peer("ours_limit", common) as a, _peer("throttle", common) as b, _peer("ratelimit", common) as c:
            for who, callers in (("new", None), ("known", _CALLERS)):
                four = {"view, ours": (a, "/limited"), "throttle": (b, "/limited"), "plain, ours": (a, "/plain"),
                        "ratelimit": (c, "/limited")}  # fmt: skip
                sites = {f"{name} {who}": (port, _limited(port, path, callers)) for name, (port, path) in four.items()}
                rates |= _in_turn(sites, servers)
    return rates


def _lines(rates: dict[str, Measured]) -> list[tuple[str, Measured, Measured, str]]:
    """(operation, ours, theirs, what theirs is) of each line of the table."""
    against = {
        "hitcount": ("a hit, ours", "django-hitcount on PostgreSQL"),
        "webhook": ("a webhook, ours", "dj-stripe on PostgreSQL"),
        "ledger": ("a spend over HTTP by a service, ours", "select_for_update in the ORM on PostgreSQL"),
        "orm": ("a spend by the service's function, ours", "the same ORM function, eight threads each"),
    }
    lines = [(name.split(",")[0], rates[name], rates[peer], text) for peer, (name, text) in against.items()]
    for who, text in (("new", "each caller new"), ("known", f"{_CALLERS} callers who come back")):
        limited = rates[f"view, ours {who}"], rates[f"plain, ours {who}"]
        lines += [
            (f"a limited DRF view, {text}", limited[0], rates[f"throttle {who}"], "DRF's throttle on the same Valkey"),
            (f"a limited Django view, {text}", limited[1], rates[f"ratelimit {who}"], "django-ratelimit on the same"),
        ]
    return lines


def _servers(common: dict[str, str]) -> list[int]:
    """The process ids of PostgreSQL and of the store."""
    with psycopg.connect(common["DATABASE_URL"]) as connection:
        backend = connection.info.backend_pid
        postmaster = parent(backend)
    return [postmaster, int(peer_client(common).info("server")["process_id"])]


def _ours(common: dict[str, str]) -> tuple[dict[str, str], str]:
    """The site's own tables, a token that may act for anyone, and users with tokens, for both ledgers."""
    environment = {
        **common, "DJANGO_SETTINGS_MODULE": "config.settings", "NUM_PROXIES": "1", "SITE_URL": "", "RATE_LIMITS": "off",
        "STRIPE_SECRET_KEY": "sk_test_peer", "STRIPE_WEBHOOK_SECRET": _SECRET, "CODETAGS_MAX_UNKNOWN": "10",
        "KV_TIMEOUT_MS": "5000",  # a disk that pauses is slow for both sides
    }  # fmt: skip
    _run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], environment)
    seed = (
        "from django.contrib.auth.models import User\n"
        "from usertokens.services.balances import add_tokens\n"
        f"for number in range({_USERS}):\n"
        "    user = User.objects.create_user(f'user{number}')\n"
        "    add_tokens(str(user.pk), 10**9, reason='load')\n"
        "print(','.join(str(pk) for pk in User.objects.values_list('pk', flat=True)))\n"
    )
    users = _run([sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", seed], environment).split()[-1]
    command = ["service_token", "load", "--perm", "usertokens.act_for_any"]
    token = _run([sys.executable, "manage.py", *command], environment).split()[-1]
    os.environ["PEER_USERS"] = users
    return environment, token


def _spenders(ours: dict[str, str], theirs: dict[str, str]) -> dict[str, Measured]:
    """Both ledgers without the web around them, in turn."""
    command = [sys.executable, "-m", "benchmarks.peers.spender"]
    sides = {"a spend by the service's function, ours": ours, "orm": theirs}
    found: dict[str, list[Measured]] = {name: [] for name in sides}
    for _ in range(_ROUNDS):
        for name, environment in sides.items():
            found[name].append(Measured(*map(float, _run(command, environment).split())))
    return {name: _median(rounds) for name, rounds in found.items()}


def _peer(name: str, common: dict[str, str]) -> _Peer:
    return _Peer(name, common)


class _Peer(ExitStack):
    """The peer's tables made and its site served; entering answers the port."""

    def __init__(self, name: str, common: dict[str, str]) -> None:
        super().__init__()
        self._name = name
        self._environment = {**common, "PEER": name, "PYTHONPATH": os.environ.get("PEERS", "")}

    def __enter__(self) -> int:  # type: ignore[override] # entering answers the port, not the stack
        super().__enter__()
        _run([sys.executable, "-m", "benchmarks.peers.tables"], self._environment)
        return self.enter_context(granian("benchmarks.peers.site:application", self._environment))


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, check=False, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}:\n{done.stderr[-3000:]}")
    return done.stdout


def _in_turn(candidates: dict[str, tuple[int, Request]], servers: list[int]) -> dict[str, Measured]:
    """Medians of interleaved rounds; every answer must be a good one."""
    found: dict[str, list[Measured]] = {name: [] for name in candidates}
    # All sites are this process's children. Those whose turn it is not do nothing.
    processor = Processor(*children(os.getpid()), *servers)
    for turn in range(_ROUNDS + 1):
        for name, (port, request) in candidates.items():
            processor.start()
            sent = load(port, _shifted(request, turn), seconds=_SECONDS)
            spent = processor.seconds()
            if sent.bad:
                sys.exit(f"{name}: {sent}")
            if turn:
                found[name].append(Measured(sent.rate, spent / sent.answers * 1e6))
    return {name: _median(rounds) for name, rounds in found.items()}


def _median(rounds: list[Measured]) -> Measured:
    return Measured(*map(statistics.median, zip(*rounds, strict=True)))


def _shifted(request: Request, turn: int) -> Request:
    return lambda number: request(turn * 1_000_000 + number)


def _head(method: str, path: str, port: int, number: int) -> str:
    address = f"X-Forwarded-For: {IPv4Address(0x0B000000 + number)}\r\n"
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {_AGENT}\r\n{address}"


def _hit(port: int) -> Request:
    return lambda number: f"{_head('GET', '/api/analytics/qr?code=DEMO', port, number)}\r\n".encode()


def _their_hit(port: int) -> Request:
    return lambda number: f"{_head('GET', '/hit', port, number)}\r\n".encode()


def _limited(port: int, path: str, callers: int | None) -> Request:
    """Requests of so many addresses in turn; None: each of its own."""

    def request(number: int) -> bytes:
        caller = number % callers if callers else number
        return f"{_head('POST', path, port, caller)}Content-Length: 0\r\n\r\n".encode()

    return request


def _spend(port: int, path: str, token: str) -> Request:
    users = os.environ["PEER_USERS"].split(",")
    run = secrets.token_hex(4)

    def request(number: int) -> bytes:
        body = json.dumps({"amount": 1, "reason": "load", "userId": users[number % len(users)]})
        head = f"{_head('POST', path, port, number)}Authorization: Token {token}\r\nContent-Type: application/json\r\n"
        return f"{head}Idempotency-Key: {run}-{number}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    return request


def _djstripe(port: int) -> Request:
    return _webhook(port, f"/stripe/webhook/{_ENDPOINT}/")


#: What dj-stripe's own table of endpoints calls ours (benchmarks/peers/tables.py).
_ENDPOINT = "6a1b8a52-6c0e-4d2b-9a63-0d1f3f0b1c2d"


def _webhook(port: int, path: str) -> Request:
    """A signed event that neither side looks up at Stripe before it acknowledges."""

    def request(number: int) -> bytes:
        now = int(time.time())
        warning = {"id": f"issfr_{number}", "object": "radar.early_fraud_warning", "actionable": True, "created": now,
                   "charge": f"ch_{number}", "fraud_type": "misc", "livemode": False}  # fmt: skip
        body = json.dumps({"id": f"evt_{port}_{number}", "object": "event", "api_version": "2026-10-28", "created": now,
                           "type": "radar.early_fraud_warning.created", "livemode": False, "pending_webhooks": 1,
                           "request": {"id": None, "idempotency_key": None}, "data": {"object": warning}})  # fmt: skip
        signature = hmac.new(_SECRET.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
        head = f"{_head('POST', path, port, number)}Content-Type: application/json\r\n"
        return f"{head}Stripe-Signature: t={now},v1={signature}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    return request


if __name__ == "__main__":
    sys.exit(main())
