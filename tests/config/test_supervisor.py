"""The supervisor starts again what has ended, also when the machine can't start it at once."""

from __future__ import annotations

import errno
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from config import supervisor
from config.supervisor import Program
from tests.faults.servers import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def ended() -> Iterator[Program]:
    """A program whose process has ended, and whose pause before the next start has begun."""
    program = Program("worker", [sys.executable, "-c", ""], 0.1, 0.4)
    program.start()
    wait_until(lambda: program.status() is not None)
    program.watch(time.monotonic(), overslept=False)
    yield program
    program.wait(0)


def refused(*_: Any, **__: Any) -> NoReturn:
    raise OSError(errno.ENOMEM, "Cannot allocate memory")


@pytest.mark.parametrize("name", ["start_child", "os.pipe"])
def test_a_restart_that_the_machine_refuses_is_tried_again(
    name: str, ended: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = time.monotonic() + 1
    with monkeypatch.context() as patch:
        patch.setattr(f"{supervisor.__name__}.{name}", refused)
        for _ in range(40):
            ended.watch(now, overslept=False)
            now += 0.1
    tried = [record for record in caplog.records if "can't be started: Cannot allocate memory" in record.message]
    assert 8 <= len(tried) <= 12  # the pauses grow to 0.4 s
    assert ended.status() == 0
    ended.watch(now + 1, overslept=False)
    assert ended.status() is None or ended.status() == 0
    wait_until(lambda: ended.status() == 0)
    assert not ended._restart_at  # it was started
