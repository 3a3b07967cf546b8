"""`python -m benchmarks.peers.spender`: spends a second of eight threads over the users, without the web around it.

Prints them, and the processor microseconds of a spend: of this process and of those in PEER_SERVERS, process ids.
PEER=ledger spends in the ORM; otherwise the site's own service does.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable

from benchmarks.processor import Processor

_THREADS = 8
_SECONDS = 3.0


def main() -> tuple[float, float]:
    """Spends a second, and microseconds of a spend, after a second of warming up."""
    users = os.environ["PEER_USERS"].split(",")
    spend = _in_orm() if os.environ.get("PEER") == "ledger" else _ours()
    run, over, counts = secrets.token_hex(4), threading.Event(), [0] * _THREADS

    def work(thread: int) -> None:
        number = 0
        while not over.is_set():
            spend(users[(number * _THREADS + thread) % len(users)], f"{run}-{thread}-{number}")
            number += 1
            counts[thread] = number

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(_THREADS)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    processor = Processor(os.getpid(), *map(int, os.environ["PEER_SERVERS"].split(",")))
    processor.start()
    before, began = sum(counts), time.perf_counter()
    time.sleep(_SECONDS)
    done = sum(counts) - before
    rate, cost = done / (time.perf_counter() - began), processor.seconds() / done * 1e6
    over.set()
    for thread in threads:
        thread.join()
    return rate, cost


def _ours() -> Callable[[str, str], object]:
    import django

    django.setup()
    from usertokens.services.balances import spend_tokens

    return lambda user, key: spend_tokens(user, 1, reason="load", key=key)


def _in_orm() -> Callable[[str, str], object]:
    import benchmarks.peers.site  # noqa: F401 (configures Django)
    from benchmarks.peers.views import spend_in_orm

    return lambda user, key: spend_in_orm(user, 1, key)


if __name__ == "__main__":
    print(*main())
