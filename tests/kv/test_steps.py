"""Work in steps, done in a thread or on a loop: what it raises keeps nothing alive."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, NoReturn

import pytest
import redis

from kv.store.scripts import Script
from kv.store.steps import Step, Steps, drive
from tests.kv.test_loop_client import Lean, connected, once, run

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

    def test_beside_a_loop(self) -> None:
        async def failing() -> weakref.ref[redis.ResponseError]:
            lean = Lean()
            client = await connected(lean)
            lean.ours[0].sendall(b"-ERR refused\r\n")
            try:
                await client.drive(once())
            except redis.ResponseError as error:
                return weakref.ref(error)
            raise AssertionError("it does not fail")

        assert run(failing())() is None
