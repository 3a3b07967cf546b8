"""The bare views that the fast lane is measured against do in the store what the site does."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from django.test import RequestFactory, override_settings

from benchmarks import peer_scripts
from codetags.services.hits import record_hit
from kv.store.steps import drive
from stats.services.payment_code_counts import record_payment_code_steps
from stats.services.usage import record_usage_steps
from stats.services.visits import record_visit

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

ADDRESSES = ("192.0.2.1", "192.0.2.2", "192.0.2.1")
AGENT = "Mozilla/5.0"


def left_behind(store: Any) -> dict[str, tuple[str, int, bool]]:
    """Of each kind of key, without hashes: its type, how many there are, and whether they expire."""
    found: dict[str, tuple[str, int, bool]] = {}
    for key in store.scan_iter():
        kind = re.sub(r"[0-9a-f]{24,32}|(?<=visitors:)[0-9a-f]{4}", "#", key.decode())
        count = found.get(kind, ("", 0, False))[1]
        found[kind] = (store.type(key).decode(), count + 1, store.ttl(key) > 0)
    return found


def by_the_peer(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    monkeypatch.setattr(peer_scripts, "_run", lambda script, names, args: script.run(names, args))
    asked = RequestFactory()
    views: dict[str, Callable[..., Any]] = {
        name: getattr(peer_scripts, name) for name in ("visit", "hit", "use", "receipt")
    }
    return {
        name: [
            json.loads(view(asked.post(
                "/", data={"receipt": address}, content_type="application/json",
                headers={"X-Forwarded-For": address, "User-Agent": AGENT},
            )).content)
            for address in ADDRESSES
        ]
        for name, view in views.items()
    }  # fmt: skip


def by_the_site() -> None:
    for address in ADDRESSES:
        caller = address.replace(".", "0").encode().hex().ljust(32, "0")[:32]
        record_visit(address=address)
        record_hit(code=peer_scripts.CODE, address=address, agent=AGENT)
        drive(record_usage_steps(peer_scripts.TOOL, None, caller=caller))
        drive(record_payment_code_steps(address, peer_scripts.CENTS, caller=caller))


def test_the_same_scripts_leave_the_same(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    by_the_site()
    ours = left_behind(store)
    store.flushall()
    with override_settings(KV_PREFIX="peer:"):
        answers = by_the_peer(monkeypatch)
    assert {kind.removeprefix("peer:"): kept for kind, kept in left_behind(store).items()} == ours
    counted = [True, True, False]
    assert [answer["counted"] for answer in answers["visit"]] == counted
    assert [answer["counted"] for answer in answers["hit"]] == counted
    assert [answer["counted"] for answer in answers["receipt"]] == counted
    assert [answer["count"] for answer in answers["use"]] == [1, 2, 3]
    assert answers["visit"][-1]["visitors"] == 2
    assert answers["receipt"][-1] == {"counted": False, "qr_total": 2, "revenue_cents": 2 * peer_scripts.CENTS}
