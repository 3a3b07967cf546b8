"""What the site's processes run when they are forked, imported before."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from django.template import engines

from billing.services import stripe_api


class Mains(NamedTuple):
    """What a web worker and the background worker run; None where they are to be executed instead."""

    web: Callable[[], object] | None
    work: Callable[[], object] | None


def import_workers(host: str, port: int) -> Mains:
    """Import all that they need, so that every fork has it.

    What can't be imported ends no supervisor: the process that is executed in its place says why, and is started again.
    """
    # Not what the kernel counts: a thread that has just ended, of those that compressed files, is gone before the fork.
    if sys.platform != "linux" or threading.active_count() > 1:
        return Mains(None, None)
    try:
        from config import web_worker, wsgi  # noqa: F401 (the application is made with the import)

        engines.all()  # imports every library of template tags
        if stripe_api.is_on():
            import stripe  # noqa: F401 (imported before the fork)
    except (Exception, SystemExit):  # noqa: BLE001 (each process then imports for itself, and says what is wrong)
        return Mains(None, None)
    return Mains(partial(web_worker.main, host, port), _work)


def _work() -> None:
    from kv.management.commands.work import Command

    # The supervisor has made the checks.
    Command().run_from_argv(["manage.py", "work", "--skip-checks"])
