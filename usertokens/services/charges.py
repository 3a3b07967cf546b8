"""The tokens of one piece of work: on hold while it runs, captured when it has succeeded, released when it has not."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from kv.store.connection import Arg
from usertokens.errors import HoldEnded, IdempotencyConflict
from usertokens.services.held import HOLD_SECONDS, Held
from usertokens.services.holds import capture_once, find_capture, hold_tokens
from usertokens.services.ledger import require_whole
from usertokens.types import Movement


class Charge:
    """`begin`, then either `settle` or `abandon`. Each works once; several threads may call them.

    amount: whole tokens; 0: nothing is taken.
    key:    an idempotency key: work with the same key and `body` is paid once, however often it succeeds.
            "": it is paid each time.
    """

    def __init__(
        self,
        user_id: str,
        amount: int,
        *,
        reason: str,
        key: str = "",
        body: Sequence[Arg] = (),
        ttl_seconds: int = HOLD_SECONDS,
    ) -> None:
        require_whole(0, amount=amount)
        self.user_id = user_id
        self.amount = amount
        self.reason = reason
        self.key = key
        self.body = (reason, amount, *body)
        self.ttl_seconds = ttl_seconds
        self._held: Held | None = None
        self._lock = threading.RLock()

    def begin(self) -> None:
        """Hold the tokens, unless they were paid under the key before.

        Raises InsufficientTokens, IdempotencyConflict, AccountClosed or StoreUnavailable; then nothing is held.
        """
        if not self.amount:
            return
        if self.key and find_capture(self.user_id, key=self.key, body=self.body):
            return
        with self._lock:
            self._held = self._hold()

    def settle(self) -> None:
        """Take the tokens. If the work took longer than the hold lasted, they are taken from the balance.

        Raises InsufficientTokens when they are not there any more, IdempotencyConflict, AccountClosed or
        StoreUnavailable.
        """
        with self._lock:
            held, self._held = self._held, None
            if held is None:
                return
            try:
                self._capture(held)
            except HoldEnded:
                self._capture(self._hold())
            except IdempotencyConflict:
                held.abandon()
                raise

    def abandon(self) -> None:
        """Release the tokens. An error is logged: they return when the hold expires."""
        with self._lock:
            held, self._held = self._held, None
            if held is not None:
                held.abandon()

    def _hold(self) -> Held:
        return Held(
            self.user_id,
            hold_tokens(self.user_id, self.amount, ttl_seconds=self.ttl_seconds, reason=self.reason),
        )

    def _capture(self, held: Held) -> Movement:
        if not self.key:
            return held.capture()
        moved = capture_once(self.user_id, held.id, self.amount, key=self.key, body=self.body)
        if moved.repeated:
            held.abandon()  # the same work, done at the same time, has paid
        return moved
