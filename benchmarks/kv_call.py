"""A script call through the base package against redis-py's own `evalsha` on the same kind of connection."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Row, per_second, pinned, side_by_side
from benchmarks.store import fresh_store, plain_client, server_pids
from stats.services.usage import record_usage_script


def run() -> Iterator[Row]:
    """record_usage.lua, three commands, no id."""
    with fresh_store() as placed:
        client = plain_client(placed)
        names = ["{usage}:a", "{usage}:b", "{usage}:a", "{usage}:a"]
        sha = client.script_load(record_usage_script.source)
        candidates = {
            "ours": lambda _: record_usage_script.run(names, ["tool", 0, 0, 0]),
            "theirs": lambda _: client.evalsha(sha, 4, *names, "tool", 0, 0, 0),
        }
        with pinned(*server_pids()):
            rates = side_by_side(candidates, calls=2000)
    yield Row(
        "kv: script call",
        per_second(rates["ours"]),
        "redis-py evalsha",
        per_second(rates["theirs"]),
        rates["ours"] / rates["theirs"],
        "≥1.3",
    )
