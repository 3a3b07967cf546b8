"""Work in steps, done in a thread or on a loop: what it raises keeps nothing alive."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from kv.store.loop_client import LoopClient
from kv.store.scripts import Script
from kv.store.steps import Step, Steps, drive

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.own_loop


class Failed(Exception):
    """What the store raises here."""


class FailingStep(Step):
    def run(self) -> NoReturn:
        raise Failed


@pytest.fixture
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def work() -> Steps[None]:
    yield FailingStep(Script("kv", "count_request"), ["a"], [])


@pytest.mark.usefixtures("_without_collector")
class TestAnErrorIsGoneWithTheFrameThatCaughtIt:
    """Or it keeps the frames it came through, and with them the response of the request: see config.rsgi."""

    def test_in_a_thread(self) -> None:
        def failing() -> weakref.ref[Failed]:
            try:
                drive(work())
            except Failed as error:
                return weakref.ref(error)
            raise AssertionError("it does not fail")

        assert failing()() is None

    def test_on_a_loop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def failing() -> weakref.ref[Failed]:
            nothing: Any = None
            client = LoopClient(nothing)
            monkeypatch.setattr(client, "_send", refuse)
            try:
                await client.drive(work())
            except Failed as error:
                return weakref.ref(error)
            raise AssertionError("it does not fail")

        async def refuse(packed: bytes) -> NoReturn:
            raise Failed

        assert asyncio.run(failing())() is None
