"""The tokens of one piece of work: on hold while it runs, captured when it has succeeded, released when it has not."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from kv.store.connection import Arg
from usertokens.errors import BudgetExceeded, HoldEnded, IdempotencyConflict, InsufficientTokens
from usertokens.services.held import HOLD_SECONDS, Held
from usertokens.services.holds import capture_once, find_capture, hold_tokens
from usertokens.services.ledger import require_whole
from usertokens.types import Movement


class Charge:
    """`begin`, then either `settle` or `abandon`. Each works once; several threads may call them.

    amount: whole tokens, or None with an action; 0: nothing is taken.
    action: a name of TOKEN_ACTIONS, with the expected `quantity` of its units; 0: nothing is taken.
    key:    an idempotency key: work with the same key and `body` is paid once, however often it succeeds.
            "": it is paid each time.
    """

    def __init__(
        self,
        user_id: str,
        amount: int | None,
        *,
        action: str | None = None,
        quantity: int = 1,
        reason: str,
        key: str = "",
        body: Sequence[Arg] = (),
        ttl_seconds: int = HOLD_SECONDS,
    ) -> None:
        if action is None:
            require_whole(0, amount=amount)
        else:
            require_whole(0, quantity=quantity)
        self.user_id = user_id
        self.amount = amount
        self.action = action
        self.quantity = quantity
        self.reason = reason
        self.key = key
        order: tuple[Arg, ...] = (amount or 0,) if action is None else ("action", action, quantity)
        self.body = (reason, *order, *body)
        self.ttl_seconds = ttl_seconds
        self._used: tuple[int | None, int | None] | None = None
        self._held: Held | None = None
        self._lock = threading.RLock()

    @property
    def order(self) -> str:
        """What was expected, for the log."""
        return f"{self.amount} tokens" if self.action is None else f"{self.quantity} of {self.action}"

    def use(self, amount: int | None = None, *, quantity: int | None = None) -> None:
        """Say what the work has really used, in place of what was expected; the last call counts.

        Raises ValueError for numbers below 0, for both or neither, and for a quantity without an action.
        """
        if (amount is None) == (quantity is None):
            raise ValueError("amount or quantity is required, and not both")
        if quantity is None:
            require_whole(0, amount=amount)
        elif self.action is None:
            raise ValueError("quantity: only an action has units")
        else:
            require_whole(0, quantity=quantity)
        self._used = (amount, quantity)

    def begin(self) -> None:
        """Hold the tokens, unless they were paid under the key before.

        Raises InsufficientTokens, BudgetExceeded, UnknownAction, IdempotencyConflict, AccountClosed or
        StoreUnavailable; then nothing is held.
        """
        if not (self.amount if self.action is None else self.quantity):
            return
        if self.key and find_capture(self.user_id, key=self.key, body=self.body):
            return
        with self._lock:
            self._held = self._hold(self.amount, self.quantity)

    def settle(self, *, is_delivered: bool = False) -> None:
        """Take what was used. If the work took longer than the hold lasted, it is taken from the balance.

        is_delivered: the user has the work already, so what is on hold is taken when the balance or a budget has no
        more.
        Raises InsufficientTokens or BudgetExceeded when there are too few, IdempotencyConflict, AccountClosed or
        StoreUnavailable.
        """
        with self._lock:
            held, self._held = self._held, None
            if held is None:
                return
            if self._used is not None and not any(self._used):
                held.close()
                return
            amount, quantity = self._used or (self.amount, self.quantity if self.action else None)
            try:
                self._capture(held, amount, quantity)
            except HoldEnded:
                self._capture(self._hold(amount, quantity or 0), amount, quantity)
            except (InsufficientTokens, BudgetExceeded):
                if is_delivered:
                    self._capture(held, held.amount, None)
                else:
                    held.abandon()
                raise
            except IdempotencyConflict:
                held.abandon()
                raise

    def abandon(self) -> None:
        """Release the tokens. An error is logged: they return when the hold expires."""
        with self._lock:
            held, self._held = self._held, None
            if held is not None:
                held.abandon()

    def _hold(self, amount: int | None, quantity: int) -> Held:
        made = hold_tokens(
            self.user_id, amount, action=self.action if amount is None else None, quantity=quantity,
            ttl_seconds=self.ttl_seconds, reason=self.reason,
        )  # fmt: skip
        return Held(self.user_id, made)

    def _capture(self, held: Held, amount: int | None, quantity: int | None) -> Movement:
        if not self.key:
            return held.capture(amount, quantity=quantity)
        moved = capture_once(self.user_id, held.id, amount, quantity=quantity, key=self.key, body=self.body)
        if moved.repeated:
            held.abandon()  # the same work, done at the same time, has paid
        return moved
