"""Work that is written once and done in two ways: in a thread, which waits for the store, or by an event loop.

Such work is a generator: it yields a `Step` for each script and is sent the reply; what the store raises is raised
where it yielded. `drive` does it in this thread, `kv.store.loop_client` beside a loop.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from kv.store.client import pack_command
from kv.store.connection import Arg
from kv.store.prepared import BoundCall
from kv.store.scripts import Script

T = TypeVar("T")


class Step(NamedTuple):
    """One run of a script. is_write: as `Script.run`; else as `Script.read`."""

    script: Script
    keys: Sequence[str]
    args: Sequence[Arg]
    is_write: bool = True

    def run(self) -> Any:
        """The script's reply. Raises StoreUnavailable."""
        return (self.script.run if self.is_write else self.script.read)(self.keys, self.args)

    def packed(self) -> bytes:
        """The command in the store's protocol (RESP)."""
        return pack_command(self.script.command(self.keys, self.args))


#: Work whose result is a T.
Steps = Generator[Step | BoundCall, Any, T]


def drive(steps: Steps[T]) -> T:
    """Do the work in this thread; its result. Raises what it raises."""
    try:
        step = next(steps)
        while True:
            step = go_on(steps, *tried(step))
    except StopIteration as end:
        return cast("T", end.value)


def go_on(steps: Steps[Any], reply: Any, error: Exception | None) -> Step | BoundCall:
    """The next step of work whose last one had this reply, or raised this error. Raises StopIteration at the end."""
    try:
        return steps.send(reply) if error is None else steps.throw(error)
    finally:
        # Raised again, it knows this frame, and with it would keep itself and all that the frames above it hold.
        del error


def tried(step: Step | BoundCall) -> tuple[Any, Exception | None]:
    """The reply of a step that runs in this thread, or what it raises."""
    try:
        return step.run(), None
    except Exception as error:  # noqa: BLE001 (the work decides what becomes of it)
        return None, error
