"""Every call of a script in any test names keys of one slot, whatever server the tests run on.

Under TEST_STORE=cluster the servers look too: a script that opens with `#!lua` may touch keys of one slot only, whether
they were named to it or not. What ran there is kept, so that a run of the whole suite can say which script never did.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from django.conf import settings
from redis.crc import key_slot

from kv.store.health import installed_scripts
from kv.store.scripts import USES, Script, read_lua

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

#: The scripts that have run on a cluster, as "package/name".
ran: set[str] = set()
#: Before a script: the server refuses it every key of another slot than the first.
STRICT = "#!lua\n"


@contextmanager
def watched_scripts() -> Iterator[None]:
    """Within the block a script that is given keys of two slots raises AssertionError, before anything is sent."""
    run, command, source = Script._run, Script.command, Script.source.func  # type: ignore[attr-defined] # it has one

    def checked_run(self: Script, send: Any, keys: Sequence[str], args: Sequence[Any]) -> Any:
        _check(self, keys)
        reply = run(self, send, keys, args)
        _note(self)
        return reply

    def checked_command(self: Script, keys: Sequence[str | bytes], args: Sequence[Any] = ()) -> tuple[Any, ...]:
        _check(self, keys)
        _note(self)
        return command(self, keys, args)

    with ExitStack() as stack:
        stack.enter_context(patch.object(Script, "_run", checked_run))
        stack.enter_context(patch.object(Script, "command", checked_command))
        if os.environ.get("TEST_STORE") == "cluster":
            stack.enter_context(patch.object(Script, "source", property(lambda self: STRICT + source(self))))
        yield


def never_ran(seen: Collection[str]) -> list[str]:
    """The installed scripts that are not among `seen`; what only stands in front of others runs with those."""
    installed = {(script.package, script.name) for script in installed_scripts()}
    parts = {part for package, name in installed for part in USES.findall(read_lua(package, name))}
    return sorted({f"{package}/{name}" for package, name in installed - parts} - set(seen))


def _check(script: Script, keys: Sequence[str | bytes]) -> None:
    slots = {key_slot(key if isinstance(key, bytes) else key.encode()) for key in keys}
    assert len(slots) <= 1, f"{script} is given keys of {len(slots)} slots: {list(keys)}"


def _note(script: Script) -> None:
    if settings.CACHES["kv"].get("OPTIONS", {}).get("CONNECTION_FACTORY") == "kv.store.factories.ClusterFactory":
        ran.add(f"{script.package}/{script.name}")
