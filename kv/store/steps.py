"""Work that is written once and done in two ways: in a thread, which waits for the store, or on an event loop.

Such work is a generator: it yields a `Step` for each script and is sent the reply; what the store raises is raised
where it yielded. `drive` does it in this thread, `kv.store.loop_client` on a loop.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeVar

from kv.store.connection import Arg
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


#: Work whose result is a T.
Steps = Generator[Step, Any, T]


def drive(steps: Steps[T]) -> T:
    """Do the work in this thread; its result. Raises what it raises."""
    try:
        step = next(steps)
        while True:
            try:
                reply = step.run()
            except Exception as error:  # noqa: BLE001 (the work decides what becomes of it)
                step = steps.throw(error)
            else:
                step = steps.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result
