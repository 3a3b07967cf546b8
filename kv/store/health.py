"""Whether the store answers, and whether it is set up so that what it acknowledges lasts."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import redis
from django.apps import apps

from kv import keys
from kv.conf import app_settings
from kv.errors import StoreUnavailable
from kv.store.connection import call_write
from kv.store.factories import configured_server
from kv.store.nodes import Node, open_nodes
from kv.store.replies import pairs
from kv.store.scripts import Script
from kv.store.sharing import caches_in_store

_OLDEST_REDIS = (7, 0)
# Leases and windows run by the server's clock, days and months by ours.
_CLOCK_SECONDS = 5.0
# A count takes a few hundred bytes of the append-only file.
_LEAST_BYTES = 256 * 1024


@dataclass(frozen=True)
class StoreHealth:
    """milliseconds: what one round trip took; reason: why it is not ok, "" when it is."""

    ok: bool
    milliseconds: float
    reason: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, in a sentence."""

    level: Literal["ok", "warning", "error"]
    text: str


def check_store() -> StoreHealth:
    """Whether the store takes writes, for /readyz; never longer than KV_TIMEOUT_MS allows, never raises.

    A write that changes nothing, since what it would add is empty, goes the ordinary way: a server that is full, can't
    write to its disk, or follows another refuses it as it would refuse a count. Nothing is stored or logged for it.
    """
    started = time.perf_counter()
    if _disk_is_full():
        return StoreHealth(ok=False, milliseconds=_since(started), reason="the disk under DATA_DIR is full")
    try:
        call_write("SETRANGE", keys.writable(), 0, "")
    except StoreUnavailable as error:
        return StoreHealth(ok=False, milliseconds=_since(started), reason=str(error))
    except redis.ResponseError as error:
        return StoreHealth(ok=False, milliseconds=_since(started), reason=str(error).partition(" ")[0])
    return StoreHealth(ok=True, milliseconds=_since(started))


def _disk_is_full() -> bool:
    """Whether the embedded server's disk is too full for its next writes. The server itself would crash on it."""
    server = configured_server()
    if server is None:
        return False
    try:
        facts = os.statvfs(server.directory)
    except OSError:
        return False  # the server was never started, or what is wrong is said by the call itself
    return facts.f_bavail * facts.f_frsize < _LEAST_BYTES


def inspect_store() -> Iterator[Finding]:
    """What `kv_check` says of every server that holds a part of the store. Raises StoreUnavailable."""
    with open_nodes() as nodes:
        for node in nodes:
            name = "" if node.name == "store" else f"{node.name}: "
            for finding in (
                _version(node), *_persistence(node), _eviction(node), *_replicas(node), _clock(node),
                _scripts(node),
            ):  # fmt: skip
                yield Finding(finding.level, f"{name}{finding.text}")
    for alias in _caches_in_store():
        yield Finding("error", f'the cache "{alias}" lies in the same database: clearing it would erase every count')


def _caches_in_store() -> list[str]:
    """None where the store takes no writes: without a mark nothing can be compared. That is reported elsewhere."""
    try:
        return caches_in_store()
    except StoreUnavailable:
        return []


def installed_scripts() -> tuple[Script, ...]:
    """Every script of every installed app's `lua/` folder."""
    found = []
    for config in apps.get_app_configs():
        folder = resources.files(config.name).joinpath("lua")
        if folder.is_dir():
            names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".lua"))
            found += [Script(config.name, name.removesuffix(".lua")) for name in names]
    return tuple(found)


def server_name(node: Node) -> tuple[str, tuple[int, ...]]:
    """The server's name and version, such as ("valkey", (9, 1, 2)); an empty version where INFO is forbidden."""
    facts = node_info(node, "server")
    if "valkey_version" in facts:
        return "valkey", _numbers(facts["valkey_version"])
    return "redis", _numbers(facts.get("redis_version", ""))


def _version(node: Node) -> Finding:
    name, version = server_name(node)
    if not version:
        return Finding("warning", "INFO is forbidden here: see to it yourself that the server is Redis 7.0 or newer")
    text = f"{name} {'.'.join(map(str, version))}"
    if name == "redis" and version < _OLDEST_REDIS:
        return Finding("error", f"{text} is too old; 7.0 or newer is needed")
    return Finding("ok", text)


def _persistence(node: Node) -> Iterator[Finding]:
    chosen = _config(node, "append*")
    if chosen is None:
        yield Finding("warning", "CONFIG is forbidden here: see to it yourself that the append-only file is on")
        return
    if chosen.get("appendonly") != "yes":
        yield Finding("error", "the append-only file is off (appendonly no): a restart would lose counts")
        return
    match chosen.get("appendfsync"):
        case "always":
            yield Finding("ok", "append-only file on, appendfsync always")
        case "everysec":
            yield Finding("ok", "append-only file on, appendfsync everysec: a power cut may take the last second")
        case other:
            yield Finding("warning", f"appendfsync {other}: a power cut may take more than the last second")
    if node_info(node, "persistence").get("aof_last_write_status", "ok") != "ok":
        yield Finding("error", "the last write to the append-only file failed: is the disk full?")


def _eviction(node: Node) -> Finding:
    chosen = _config(node, "maxmemory-policy")
    if chosen is None:
        return Finding("warning", "CONFIG is forbidden here: see to it yourself that maxmemory-policy is noeviction")
    policy = chosen.get("maxmemory-policy")
    if policy != "noeviction":
        return Finding("error", f"maxmemory-policy {policy} may delete counts; set noeviction")
    return Finding("ok", "nothing is evicted")


def _replicas(node: Node) -> Iterator[Finding]:
    """Whether a failover can lose what was acknowledged: see docs/operations.md."""
    wanted, facts = app_settings.KV_WAIT_REPLICAS, node_info(node, "replication")
    there = int(facts.get("connected_slaves", 0))
    if not wanted and not there:
        return
    if "connected_slaves" not in facts:
        yield Finding("warning", f"INFO is forbidden here: see to it yourself that there are {wanted} replicas")
        return
    if wanted > there:
        yield Finding("error", f"KV_WAIT_REPLICAS is {wanted}, replicas there: {there}; every write is refused")
    elif not wanted:
        yield Finding("ok", f"replicas: {there}, none waited for: a failover may lose the last writes")
    elif wanted < there:
        text = f"KV_WAIT_REPLICAS is {wanted} of {there} replicas: a failover may choose one that lacks the last writes"
        yield Finding("warning", text)
    else:
        yield Finding("ok", f"each write waits for all replicas that are connected now ({there})")


def _clock(node: Node) -> Finding:
    before = time.time()
    seconds, micros = node.ask("TIME")
    ahead = int(seconds) + int(micros) / 1e6 - (before + time.time()) / 2
    if abs(ahead) > _CLOCK_SECONDS:
        where = "ahead of" if ahead > 0 else "behind"
        return Finding("error", f"the server's clock is {abs(ahead):.0f} s {where} ours")
    return Finding("ok", f"clocks agree within {max(abs(ahead), 0.001):.3f} s")


def _scripts(node: Node) -> Finding:
    scripts = installed_scripts()
    replies = node.ask_all([("SCRIPT", "LOAD", script.source) for script in scripts])
    broken = [
        f"{script.package}/lua/{script.name}.lua: {reply}"
        for script, reply in zip(scripts, replies, strict=True)
        if isinstance(reply, redis.ResponseError)
    ]
    return Finding("error", "; ".join(broken)) if broken else Finding("ok", f"{len(scripts)} scripts load")


def _config(node: Node, pattern: str) -> dict[str, str] | None:
    """What CONFIG GET says; None where a managed server forbids it."""
    try:
        reply: Any = node.ask("CONFIG", "GET", pattern)
    except redis.ResponseError:
        return None
    return {key.decode(): value.decode() for key, value in pairs(reply)}


def node_info(node: Node, section: str) -> dict[str, str]:
    """What INFO says; nothing where a managed server forbids it."""
    try:
        lines = bytes(node.ask("INFO", section)).decode(errors="replace").splitlines()
    except redis.ResponseError:
        return {}
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
