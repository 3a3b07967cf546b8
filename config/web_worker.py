"""One web process of `make run`: `python -m config.web_worker HOST PORT`, started and watched by `config.supervisor`.

Every worker has its own listening socket on the same port (SO_REUSEPORT), so it does not depend on another.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import Any

from granian._granian import CallbackScheduler, RSGIWorker
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from config.rsgi import WsgiAdapter
from kv.work.heartbeat import BEAT_SECONDS, Heartbeat

_DRAIN_SECONDS = 5.0
# Connections that may wait for this process. A slow client occupies no thread, so many can be open.
_BACKLOG = 1024


class _Scheduler(CallbackScheduler):
    """Gives each request to `take` in the thread in which granian has it.

    Granian's own makes a task of the event loop of each: a switch of threads, half as much again as a quick answer.
    """

    def __init__(self, _: Any, take: Callable[[Any], None], *__: None) -> None:
        super().__init__()
        self._schedule_fn = take


async def _run_worker(number: int, stop: Any, adapter: WsgiAdapter, sockets: tuple[Any, Any], *options: Any) -> None:
    """As granian's embedded server runs a worker for RSGI, but with our scheduler."""
    loop = asyncio.get_running_loop()
    *sizes, _task, http, http1, http2, websockets, files, _access_log, tls, _scope = options
    stopped = loop.create_future()
    stop.add_cb(lambda: loop.call_soon_threadsafe(stopped.set_result, None))
    adapter.start(loop)
    make: Any = RSGIWorker  # whose stub is of an older version
    worker = make(number, sockets, None, *sizes, http, http1, http2, websockets, files, *tls, (None, None))
    worker.serve_async(_Scheduler(loop, adapter.take, None, None, None), loop, stop)
    await stopped


def main(host: str, port: int) -> None:
    """Serve the site until SIGTERM or SIGINT, then finish the requests that are being served."""
    from config.wsgi import application

    serve(WsgiAdapter(application), host, port)


def serve(adapter: WsgiAdapter, host: str, port: int) -> None:
    """The same of any application."""
    # Only HTTP/1: a body in HTTP/2 needs neither a length nor chunks, and proxies use HTTP/1 to their upstreams.
    server = Server(
        adapter, host, port, interface=Interfaces.RSGI, http=HTTPModes.http1, websockets=False,
        backlog=_BACKLOG, backpressure=_BACKLOG, log_level=LogLevels.error,
    )  # fmt: skip
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(server, adapter))


async def _serve(server: Server, adapter: WsgiAdapter) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    beating = asyncio.create_task(_beat())
    run_worker: Any = _run_worker  # a coroutine function, as granian's own, which says otherwise
    await server.serve(run_worker)
    await adapter.drain(_DRAIN_SECONDS)
    beating.cancel()


async def _beat() -> None:
    """Send heartbeats from the event loop: a process that is stopped or stuck sends none."""
    heartbeat = Heartbeat()
    # Not at once: a process that can't listen must end before its first heartbeat.
    await asyncio.sleep(BEAT_SECONDS / 10)
    while True:
        heartbeat.beat()
        await asyncio.sleep(BEAT_SECONDS)


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # no wheel for this platform
        return None
    loop: type[asyncio.AbstractEventLoop] = uvloop.Loop
    return loop


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
