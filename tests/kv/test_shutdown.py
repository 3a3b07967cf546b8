"""Signals that ask a command to end: none is lost, and none that comes later disturbs the end."""

from __future__ import annotations

import os
import signal
import sys
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from kv.management.base import StoreCommand
from kv.work.shutdown import Shutdown
from tests.kv.test_commands import command

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(params=SIGNALS, ids=lambda number: number.name)
def send(request: pytest.FixtureRequest) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), request.param)


@pytest.fixture(autouse=True)
def _handlers_are_as_before() -> Any:
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before


def run(work: Callable[[StoreCommand], Any]) -> None:
    call_command(command(work, needs_store=False), verbosity=0)


def test_a_signal_interrupts_a_command(send: Callable[[], None]) -> None:
    with pytest.raises(CommandError, match="Stopped before its end"):
        run(lambda _: send())


def test_later_signals_leave_the_end_alone(send: Callable[[], None]) -> None:
    steps = []

    def work(_: StoreCommand) -> None:
        with Shutdown() as shutdown:
            send()
            assert shutdown.wait(10)
            send()
        for step in range(3):
            send()
            steps.append(step)

    run(work)
    assert steps == [0, 1, 2]


def test_a_signal_that_the_interpreter_swallows_is_not_lost(
    send: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    swallowed = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: swallowed.append(unraisable.exc_type))

    class Thing:
        """Something to refer to."""

    def callback(_: Any) -> None:
        send()
        sum(range(10))  # a signal is handled between two steps of Python code

    def work(_: StoreCommand) -> None:
        thing = Thing()
        reference = weakref.ref(thing, callback)
        del thing
        assert reference() is None
        with Shutdown() as shutdown:
            assert shutdown.asked

    run(work)
    assert swallowed == [KeyboardInterrupt]


def test_a_worker_that_is_asked_while_it_starts_ends_in_order(
    send: Callable[[], None], store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def installed_duties() -> tuple[()]:
        send()
        return ()

    monkeypatch.setattr("kv.management.commands.work.installed_duties", installed_duties)
    call_command("work")
    with pytest.raises(CommandError, match="Stopped before its end"):
        call_command("work", once=True)


def test_a_command_after_one_that_was_asked_begins_anew(send: Callable[[], None]) -> None:
    for _ in range(2):
        with pytest.raises(CommandError, match="Stopped before its end"):
            run(lambda _: send())
    with Shutdown() as shutdown:
        assert not shutdown.asked
