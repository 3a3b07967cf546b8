"""Tokens on hold for the length of a `with` block: what is not captured in it is released at its end."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from logging import getLogger
from typing import Any

from kv.errors import StoreUnavailable
from kv.process.threads import submit, to_its_end, to_its_end_or
from usertokens.errors import AccountClosed, HoldEnded
from usertokens.services.holds import capture_hold, hold_tokens, release_hold
from usertokens.types import Hold, Movement

log = getLogger(__name__)

#: Seconds after which tokens return by themselves if the process dies within the block.
HOLD_SECONDS = 600


class OnHold:
    """Tokens on hold: `id`, `amount`, the user's `balance` without them, and `expires_at`, when they return.

    action, quantity: what they are held for; "" and 0 for a hold of an amount.
    """

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        self.id = hold.id
        self.amount = hold.amount
        self.balance = hold.balance
        self.expires_at = hold.expires_at
        self.action = hold.action
        self.quantity = hold.quantity


class Held(OnHold):
    """Tokens on hold. `captured`: the movement of the capture, None before it. `is_over`: captured or released.

    Several threads may use it.
    """

    def __init__(self, user_id: str, hold: Hold, *, by_service: bool = False, actor: str = "") -> None:
        super().__init__(hold)
        self.captured: Movement | None = None
        self.is_over = False
        self._user_id = user_id
        self._by_service = by_service
        self._actor = actor
        self._lock = threading.RLock()

    def capture(self, amount: int | None = None, *, quantity: int | None = None) -> Movement:
        """End the hold by spending what was used: `amount` tokens, or a `quantity` of its action. None: all of it.

        The rest returns to the balance; what goes over the hold is taken from it.
        After StoreUnavailable it may be called again with the same input: it captures once.
        Raises InsufficientTokens when the balance has not what goes over the hold, which is then as it was; HoldEnded
        when it was captured or released before, or has expired; HoldWithoutAction, AccountClosed, StoreUnavailable, or
        ValueError for an amount or a quantity below 1.
        """
        with self._lock:
            self._require_open()
            with self._noting_the_end():
                self.captured = capture_hold(
                    self._user_id, self.id, amount, quantity=quantity, by_service=self._by_service,
                    key=f"capture {self.id}", actor=self._actor,
                )  # fmt: skip
            self.is_over = True
            return self.captured

    def release(self) -> Movement:
        """End the hold by returning all of it now, before the end of the block.

        Raises HoldEnded, AccountClosed or StoreUnavailable.
        """
        with self._lock:
            self._require_open()
            with self._noting_the_end():
                released = release_hold(self._user_id, self.id, by_service=self._by_service, actor=self._actor)
            self.is_over = True
            return released

    def close(self) -> None:
        """Release what is still on hold; nothing when it is over. Raises StoreUnavailable."""
        with suppress(HoldEnded, AccountClosed):
            self.release()

    def abandon(self) -> None:
        """The same because of another error, which must stay the one that is raised: an error of its own is logged."""
        try:
            self.close()
        except StoreUnavailable:
            log.warning("hold %s was not released: the store is away. It returns at %s", self.id, self.expires_at)
        except Exception:
            log.exception("hold %s was not released. It returns at %s", self.id, self.expires_at)

    def _require_open(self) -> None:
        if self.is_over:
            raise HoldEnded(self.id)

    @contextmanager
    def _noting_the_end(self) -> Iterator[None]:
        try:
            yield
        except HoldEnded:
            self.is_over = True
            raise


class AsyncHeld(OnHold):
    """Tokens on hold, for async code: like `Held`, with `await`."""

    def __init__(self, held: Held) -> None:
        super().__init__(held.hold)
        self._held = held

    @property
    def captured(self) -> Movement | None:
        """The movement of the capture, None before it."""
        return self._held.captured

    @property
    def is_over(self) -> bool:
        """Whether it was captured or released."""
        return self._held.is_over

    async def capture(self, amount: int | None = None, *, quantity: int | None = None) -> Movement:
        """`Held.capture`. Cancelled, it goes on."""
        return await to_its_end(submit(self._held.capture, amount, quantity=quantity))

    async def release(self) -> Movement:
        """`Held.release`. Cancelled, it goes on."""
        return await to_its_end(submit(self._held.release))


def hold(
    user_id: str,
    amount: int | None = None,
    *,
    action: str | None = None,
    quantity: int = 1,
    reason: str = "",
    ttl_seconds: int = HOLD_SECONDS,
    by_service: bool = False,
    actor: str = "",
) -> AbstractContextManager[Held]:
    """Hold tokens for a `with` block; what is not captured in it is released at its end, however it ends.

    `with hold(user_id, 50, reason="image") as held: …; held.capture(32)`

    amount: whole tokens; or else an action of TOKEN_ACTIONS and the expected `quantity` of its units:
    `with hold(user_id, action="gpt:output", quantity=4000) as held: …; held.capture(quantity=812)`

    ttl_seconds: 1 to 86400. After it the tokens return by themselves, also if the process has died. A capture then
    fails, so choose it longer than the work takes.
    The start of the block raises InsufficientTokens, BudgetExceeded, UnknownAction, AccountClosed, or ValueError for an
    invalid amount, quantity or life.
    An error within the block stays the one that is raised, also when the store is away.
    """
    options = {"action": action, "quantity": quantity, "reason": reason, "ttl_seconds": ttl_seconds}
    return _holding(_maker(user_id, amount, by_service=by_service, actor=actor, **options))


def ahold(
    user_id: str,
    amount: int | None = None,
    *,
    action: str | None = None,
    quantity: int = 1,
    reason: str = "",
    ttl_seconds: int = HOLD_SECONDS,
    by_service: bool = False,
    actor: str = "",
) -> AbstractAsyncContextManager[AsyncHeld]:
    """Hold tokens for an `async with` block; `hold` for async code.

    `async with ahold(user_id, 50, reason="image") as held: …; await held.capture(32)`

    A task that is cancelled releases its tokens, also while they are being held.
    The start of the block raises InsufficientTokens, BudgetExceeded, UnknownAction, AccountClosed, or ValueError for an
    invalid amount, quantity or life.
    """
    options = {"action": action, "quantity": quantity, "reason": reason, "ttl_seconds": ttl_seconds}
    return _aholding(_maker(user_id, amount, by_service=by_service, actor=actor, **options))


def _maker(user_id: str, amount: int | None, *, by_service: bool, actor: str, **options: Any) -> Callable[[], Held]:
    def make() -> Held:
        made = hold_tokens(user_id, amount, by_service=by_service, actor=actor, **options)
        return Held(user_id, made, by_service=by_service, actor=actor)

    return make


@contextmanager
def _holding(make: Callable[[], Held]) -> Iterator[Held]:
    held = make()
    try:
        yield held
    except BaseException:
        held.abandon()
        raise
    held.close()


@asynccontextmanager
async def _aholding(make: Callable[[], Held]) -> AsyncIterator[AsyncHeld]:
    # Nobody would know of a hold that is made after the task was cancelled.
    held = await to_its_end_or(submit(make), Held.abandon)
    try:
        yield AsyncHeld(held)
    except BaseException:
        await to_its_end(submit(held.abandon))
        raise
    await to_its_end(submit(held.close))
