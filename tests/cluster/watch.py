"""Every call of a script in any test names keys of one slot, whatever server the tests run on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from redis.crc import key_slot

from kv.scripts import Script

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The scripts that have run in this process, as "package/name".
ran: set[str] = set()


@contextmanager
def watched_scripts() -> Iterator[None]:
    """Within the block a script that is given keys of two slots raises AssertionError, before anything is sent."""
    run, command = Script._run, Script.command

    def checked_run(self: Script, send: Any, keys: Sequence[str], args: Sequence[Any]) -> Any:
        _check(self, keys)
        return run(self, send, keys, args)

    def checked_command(self: Script, keys: Sequence[str], args: Sequence[Any] = ()) -> tuple[Any, ...]:
        _check(self, keys)
        return command(self, keys, args)

    with patch.object(Script, "_run", checked_run), patch.object(Script, "command", checked_command):
        yield


def _check(script: Script, keys: Sequence[str]) -> None:
    ran.add(f"{script.package}/{script.name}")
    slots = {key_slot(key.encode()) for key in keys}
    assert len(slots) <= 1, f"{script} is given keys of {len(slots)} slots: {list(keys)}"
