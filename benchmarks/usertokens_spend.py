"""`spend_tokens` against redis-py's bare `evalsha` of its script, against INCR, and with a full ledger."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.test import override_settings

from benchmarks.measure import Row, per_second, pinned, side_by_side
from benchmarks.store import fresh_store, plain_client, server_pids
from kv.store.connection import call
from usertokens import keys
from usertokens.services import ledger
from usertokens.services.balances import add_tokens, spend_tokens, spend_tokens_script

_CALLS = 2000
_ROUNDS = 9
_PLENTY = 10**11


def run() -> Iterator[Row]:
    """Every spend has an idempotency key of its own; the bare side gets keys and arguments that cost it nothing."""
    with fresh_store() as placed:
        client = plain_client(placed)
        sha = client.script_load(spend_tokens_script.source)
        names = [*keys.ledger("1"), *keys.weeks("1")]
        common = ledger.common_args("1")
        for user_id in ("1", "2"):
            add_tokens(user_id, _PLENTY, reason="plenty")
        ready = [
            (*names, *common[:3], os.urandom(12), os.urandom(8), "article", f"k{number}", "", 1)
            for number in range(_CALLS * (_ROUNDS + 1) * 2)
        ]
        run_of = time.time_ns()
        candidates: dict[str, Callable[[int], object]] = {
            "ours": lambda number: spend_tokens("2", 1, reason="article", key=f"{run_of}-{number}"),
            "theirs": lambda number: client.evalsha(sha, len(names), *ready[number]),
        }
        with pinned(*server_pids()):
            rates = side_by_side(candidates, calls=_CALLS, rounds=_ROUNDS)
        yield Row(
            "usertokens: spend_tokens",
            per_second(rates["ours"]),
            "redis-py evalsha of the same script",
            per_second(rates["theirs"]),
            rates["ours"] / rates["theirs"],
            "≥1.0",
        )
    yield from _server_times()


def _server_times() -> Iterator[Row]:
    """Processor time of the server for one command, reading and answering included."""
    with fresh_store(), override_settings(TOKEN_ACTIONS={"article": 1, "input": "3/10"}):
        add_tokens("1", _PLENTY, reason="plenty")
        _fill("2", grants=300, entries=10_000)
        costs = _in_turn(
            {
                "incr": lambda _: call("INCR", "{bench}:counter"),
                "empty": lambda number: spend_tokens("1", 1, reason="article", key=f"e{number}"),
                "full": lambda number: spend_tokens("2", 1, reason="article", key=f"f{number}"),
                "whole": lambda number: spend_tokens("1", action="article", key=f"w{number}"),
                "fraction": lambda number: spend_tokens("1", action="input", quantity=7, key=f"p{number}"),
            }
        )
    spend, incr, full = costs["empty"], costs["incr"], costs["full"]
    yield Row(
        "usertokens: server time of a spend", f"{spend:.1f} µs", "an INCR", f"{incr:.1f} µs", spend / incr, "≤4.0"
    )
    against = "an empty ledger"
    yield Row(
        "a spend at 300 grants, 10,000 entries", f"{full:.1f} µs", against, f"{spend:.1f} µs", full / spend, "≤1.3"
    )
    for name, cost in (("at a whole price", costs["whole"]), ("with a fraction carried on", costs["fraction"])):
        yield Row(f"a spend by action, {name}", f"{cost:.1f} µs", "by amount", f"{spend:.1f} µs", cost / spend, "≤1.25")


def _fill(user_id: str, *, grants: int, entries: int) -> None:
    """Spends of 1 from many grants: most are waiting behind the first."""
    for number in range(grants):
        add_tokens(user_id, 1_000_000, reason=f"grant {number}")
    for _ in range(entries - grants):
        spend_tokens(user_id, 1, reason="article")


def _in_turn(candidates: dict[str, Callable[[int], object]]) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in candidates}
    pids = server_pids()
    number = 0
    with pinned(*pids):
        for turn in range(_ROUNDS + 1):
            for name, candidate in candidates.items():
                before = _processor_seconds(pids)
                for _ in range(_CALLS):
                    candidate(number)
                    number += 1
                if turn:
                    found[name].append((_processor_seconds(pids) - before) / _CALLS * 1e6)
    # The least: whatever else runs on the machine only adds.
    return {name: min(values) for name, values in found.items()}


def _processor_seconds(pids: tuple[int, ...]) -> float:
    """Time on the processor so far, of all the servers' threads; from the scheduler, since ticks are 10 ms apart."""
    tasks = [task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
