"""Bare views that run the site's own scripts over a bare socket: what is left is what nobody who counts can save.

Script, keys and arguments are those of the service, under a prefix of their own, so the store does equal work. The
address is hashed once, with a key, since whoever counts visitors and keeps no addresses must do that; a hit hashes the
browser too, a receipt itself. What is the same in each call is made once. Nothing is checked: no limit of a body, no
origin, no signature of a receipt.
"""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Sequence
from datetime import date
from typing import Any

import hiredis
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from codetags import keys as code_keys
from codetags.services import hits
from kv.store.client import Arg, pack_command
from kv.store.scripts import Script
from kv.web.throttling import window_of
from stats import keys
from stats.conf import PAYMENT_CODE_LIMIT, TRACK_LIMIT
from stats.services import payment_code_counts, usage, visits
from stats.services.visitors import visitor_from_hash

CODE, TOOL, CENTS = "DEMO", "payment-qr", 100
_KEY = b"the key of the peer's hashes"
_TODAY = date.today()  # noqa: DTZ011 (of a process that runs for some minutes)


class _Connection(threading.local):
    """A socket to the store for each thread."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.environ["PEER_SOCKET"])
        self.reader = hiredis.Reader()


_connection: _Connection | None = None


def connect() -> None:
    """Load the scripts. Each thread of this process has a connection of its own from here on."""
    global _connection  # noqa: PLW0603 (one for the process)
    _connection = _Connection()
    for script in (
        visits.record_visit_script, hits.record_hit_script, usage.record_usage_script,
        payment_code_counts.record_payment_code_script,
    ):  # fmt: skip
        _ask("SCRIPT", "LOAD", script.source)


def _ask(*command: Arg) -> Any:
    assert _connection is not None
    _connection.socket.sendall(pack_command(command))
    while True:
        _connection.reader.feed(_connection.socket.recv(4096))
        if (reply := _connection.reader.gets()) is not False:
            return reply


def _run(script: Script, names: Sequence[str], args: Sequence[Arg]) -> Any:
    reply = _ask("EVALSHA", script.sha, len(names), *names, *args)
    if isinstance(reply, Exception):
        raise reply
    return reply


def _hashed(request: HttpRequest) -> bytes:
    address = request.META["HTTP_X_FORWARDED_FOR"].encode()
    return hashlib.blake2b(address, key=_KEY, digest_size=32).digest()


def _answer(body: bytes) -> HttpResponse:
    return HttpResponse(body, content_type="application/json", headers={"Content-Length": str(len(body))})


def _truth(*, of: bool) -> bytes:
    return b"true" if of else b"false"


@csrf_exempt
def visit(request: HttpRequest) -> HttpResponse:
    """Count a visit by record_visit.lua."""
    visitor = visitor_from_hash(_hashed(request))
    reply = _run(
        visits.record_visit_script,
        keys.visit(visitor.shard, _TODAY, visitor.caller),
        [visitor.member, visitor.element, *_VISIT_ARGS],
    )
    return _answer(b'{"counted":%s,"visitors":%d}' % (_truth(of=reply[1] == 1), int(reply[2])))


@csrf_exempt
def hit(request: HttpRequest) -> HttpResponse:
    """Count a hit by record_hit.lua."""
    digest = _hashed(request)
    browser = hashlib.blake2b(request.META["HTTP_USER_AGENT"].encode(), key=digest, digest_size=12).hexdigest()
    names = code_keys.hit(CODE, browser, digest.hex()[:32], _TODAY.isoformat())
    reply = _run(hits.record_hit_script, names, _HIT_ARGS)
    return _answer(b'{"code":"%s","counted":%s}' % (CODE.encode(), _truth(of=reply[0] == b"counted")))


@csrf_exempt
def use(request: HttpRequest) -> HttpResponse:
    """Count a use of a tool by record_usage.lua. The body is not read."""
    counter = keys.usage(TOOL)
    window, _ = window_of(TRACK_LIMIT, _hashed(request).hex()[:32])
    reply = _run(usage.record_usage_script, [counter, keys.usage_day(_TODAY), counter, window], _USE_ARGS)
    return _answer(b'{"tool":"%s","count":%d}' % (TOOL.encode(), reply))


@csrf_exempt
def receipt(request: HttpRequest) -> HttpResponse:
    """Count what the body names by record_payment_code.lua."""
    mark = keys.payment_code_seen(hashlib.blake2b(request.body, digest_size=16).hexdigest())
    window, _ = window_of(PAYMENT_CODE_LIMIT, _hashed(request).hex()[:32])
    reply = _run(
        payment_code_counts.record_payment_code_script,
        [mark, keys.qr_total(), keys.revenue(), keys.day(_TODAY), window],
        _RECEIPT_ARGS,
    )
    return _answer(b'{"counted":%s,"qr_total":%d,"revenue_cents":%d}' % (
        _truth(of=reply[1] == 1), int(reply[2]), int(reply[3]),
    ))  # fmt: skip


# As the services pass them; member and element come before the first.
_VISIT_ARGS = next(visits.record_visit_steps("192.0.2.1")).args[2:]
_HIT_ARGS = next(hits.record_hit_steps(code=CODE, caller=hits.Caller("192.0.2.1", ""))).args
_USE_ARGS = next(usage.record_usage_steps(TOOL, None, caller="0")).args
_RECEIPT_ARGS = next(payment_code_counts.record_payment_code_steps("", CENTS, caller="0")).args

urlpatterns = [
    path("visit", visit),
    path("hit", hit),
    path("use", use),
    path("receipt", receipt),
]
