"""The background worker: every installed duty, each in its time, none in another's way."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from logging import getLogger

from django.db import close_old_connections

from kv import keys
from kv.errors import ServiceAway, StoreUnavailable
from kv.process.request_ids import run_with_id
from kv.store.connection import call_many
from kv.work.duties import Duty, DutyHeld, DutyNotDue, run_duty
from kv.work.heartbeat import Heartbeat
from kv.work.shutdown import Shutdown
from kv.work.states import ALIVE_EVERY, note_worker

log = getLogger(__name__)

# How often the store is asked for wake-ups: one round trip for all duties.
_TICK_SECONDS = 0.25
# Seconds until an unavailable store, or another worker's lease, is tried again.
_AGAIN_SECONDS = 1.0
# Nothing is put off for longer than this, in case another worker's failures or wake-ups change the times.
_LONGEST_SECONDS = 60.0


@dataclass
class _Turn:
    """One duty's place in the worker. at: when to try next, by time.monotonic(); running: its step, None = idle."""

    duty: Duty
    at: float = 0.0
    running: Future[float] | None = None


class Worker:
    """Runs the duties until shutdown, each in its own thread, so that a long one delays no other.

    Two workers do no harm: a duty's lease, and the time of its last run, are in the store.
    """

    def __init__(self, duties: Sequence[Duty]) -> None:
        self._turns = [_Turn(duty) for duty in duties]
        self._token = secrets.token_hex(16)
        self._away = False
        self._noted = float("-inf")

    def run(self, shutdown: Shutdown) -> None:
        """Run until `shutdown` is asked for, then wait for the steps that are under way."""
        heartbeat = Heartbeat()
        with ThreadPoolExecutor(max(len(self._turns), 1), thread_name_prefix="duty") as threads:
            while not shutdown.asked:
                woken = self._woken()
                for turn in self._turns:
                    self._serve(turn, threads, shutdown.wake, woken=turn.duty.name in woken)
                self._note_alive()
                heartbeat.beat()
                shutdown.wait(_TICK_SECONDS)
            log.debug("worker: stops after the current steps")

    def run_once(self) -> int:
        """Run each duty that is due until it has no more to do, one after another; how many failed."""
        failed = 0
        self._note_alive()
        for turn in self._turns:
            with run_with_id():
                failed += not self._finish(turn.duty)
        return failed

    def _finish(self, duty: Duty) -> bool:
        """Run one duty until it has no more to do; False when it failed."""
        try:
            while run_duty(duty, token=self._token, due_only=True):
                pass
        except (DutyHeld, DutyNotDue) as reason:
            log.info("duty %s: %s", duty.name, reason)
        except ServiceAway as error:
            log.warning("duty %s: %s", duty.name, error)
            return False
        except Exception:  # one duty's failure is no reason to leave out the others
            log.exception("duty %s failed", duty.name)
            return False
        return True

    def _serve(self, turn: _Turn, threads: ThreadPoolExecutor, done: Callable[[], None], *, woken: bool) -> None:
        if turn.running is not None:
            if not turn.running.done():
                return
            turn.at = time.monotonic() + turn.running.result()
            turn.running = None
        if time.monotonic() >= turn.at or woken:
            turn.running = threads.submit(self._step_with_id, turn.duty)
            turn.running.add_done_callback(lambda _: done())

    def _step_with_id(self, duty: Duty) -> float:
        with run_with_id():
            return self._step(duty)

    def _step(self, duty: Duty) -> float:
        """One step; answers the seconds until the next try."""
        close_old_connections()
        try:
            if run_duty(duty, token=self._token, due_only=True):
                return 0.0
        except DutyNotDue as reason:
            return min(reason.seconds, _LONGEST_SECONDS)
        except DutyHeld:
            return _AGAIN_SECONDS
        except (StoreUnavailable, ServiceAway) as error:
            what = "the store is unavailable (%s)" if isinstance(error, StoreUnavailable) else "%s; it is tried again"
            log.warning(f"duty %s: {what}", duty.name, error)  # noqa: G004 (one of two formats)
            return _AGAIN_SECONDS
        except Exception:
            log.exception("duty %s failed; it is tried again", duty.name)
            return _AGAIN_SECONDS  # the script makes the pause longer each time
        finally:
            close_old_connections()
        return min(duty.every, _LONGEST_SECONDS)

    def _note_alive(self) -> None:
        now = time.monotonic()
        if now - self._noted < ALIVE_EVERY:
            return
        self._noted = now
        with suppress(StoreUnavailable):  # said by what is done with the store
            note_worker(self._token)

    def _woken(self) -> set[str]:
        names = [turn.duty.name for turn in self._turns if turn.duty.wakes and turn.running is None]
        if not names:
            return set()
        try:
            answers = call_many([("EXISTS", keys.wake(name)) for name in names])
        except StoreUnavailable:
            if not self._away:
                log.warning("worker: the store is unavailable; going on when it is back")
            self._away = True
            return set()
        if self._away:
            log.info("worker: the store is back")
        self._away = False
        return {name for name, found in zip(names, answers, strict=True) if found}
