"""Services for async code: each call runs in a thread, and the event loop goes on.

There are two kinds of threads. Calls that only use the store run in a small pool of this module, many at once, so that
a store that does not answer delays nothing else. Calls that use the database run where Django's own async ORM runs
(asgiref, thread-sensitive): on the connection, and within the transaction, of the code that awaits them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache, partial, wraps
from inspect import cleandoc
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

P = ParamSpec("P")
R = TypeVar("R")

#: Calls of one process that are with the store at once; each has a connection. Further ones wait for a thread.
THREADS = 16


def async_twin(function: Callable[P, R], *, uses_database: bool = False) -> Callable[P, Coroutine[Any, Any, R]]:
    """`function` for async code, under its name with an `a` before it; the same arguments, result and errors.

    If the awaiting task is cancelled, a call that has not begun is not made. One that has begun goes on to its end,
    all or nothing, and its result is lost.
    """
    closing = _then_close(function)

    @wraps(function)
    async def twin(*args: P.args, **kwargs: P.kwargs) -> R:
        if uses_database:
            return await sync_to_async(function)(*args, **kwargs)
        in_pool = sync_to_async(closing, thread_sensitive=False, executor=_pool(os.getpid()))
        return await in_pool(*args, **kwargs)

    twin.__name__ = f"a{function.__name__}"
    twin.__qualname__ = twin.__name__
    text = cleandoc(function.__doc__ or "")
    twin.__doc__ = f"`{function.__name__}` for async code.\n\n{text}"
    return twin


def submit(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
    """Run a function in the pool, whatever becomes of the caller."""
    work = partial(_then_close(function), *args, **kwargs)
    return _pool(os.getpid()).submit(copy_context().run, work)


async def to_its_end(future: Future[R]) -> R:
    """The result of what was submitted. If the awaiting task is cancelled, the work goes on."""
    result = asyncio.wrap_future(future)
    result.add_done_callback(_look_at)
    return await asyncio.shield(result)


async def to_its_end_or(future: Future[R], undo: Callable[[R], object]) -> R:
    """The same. If the awaiting task is cancelled, `undo` is called with the result once there is one."""
    try:
        return await to_its_end(future)
    except asyncio.CancelledError:
        if not future.cancel():
            submit(_undo, future, undo)
        raise


def _undo(future: Future[R], undo: Callable[[R], object]) -> None:
    if future.exception() is None:
        undo(future.result())


def _look_at(result: asyncio.Future[Any]) -> None:
    """So that asyncio does not log an error that nobody waits for any more."""
    if not result.cancelled():
        result.exception()


@lru_cache(maxsize=1)
def _pool(pid: int) -> ThreadPoolExecutor:
    """Of this process: a forked one has none of its parent's threads."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="countinghouse")


def _then_close(function: Callable[P, R]) -> Callable[P, R]:
    """The function; then the database connections that its thread has opened, by a receiver of a signal, are closed."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return call
