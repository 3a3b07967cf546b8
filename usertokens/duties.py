"""Background work of the app: see kv.work.duties.

Nothing depends on it: every operation on an account first does what is due.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from kv.batches import in_batches
from kv.times import utc_now
from kv.work.duties import Duty
from usertokens.errors import AccountClosed
from usertokens.services.journal import archive_journal
from usertokens.services.recharges import recharge_users
from usertokens.services.user_ids import iterate_users

#: The age at which an entry is archived, days. More than the 30 days of the dashboard's chart.
ARCHIVE_DAYS = 90
#: The length of a step, seconds: a worker that is shutting down waits for it.
STEP_SECONDS = 2.0
#: After a pause of so many seconds another worker may have taken over, so a walk begins again.
PAUSE_SECONDS = 60.0


class Walk:
    """Visits every user with a ledger, in batches, for some seconds in each step.

    Only this process knows the position between two steps. A worker that takes over begins again, which does no harm.
    """

    def __init__(self, serve: Callable[[Sequence[str]], object], size: int) -> None:
        self._serve = serve
        self._size = size
        self._rest: Iterator[list[str]] | None = None
        self._paused = 0.0

    def step(self) -> bool:
        """Continue after the last step; True when users are left."""
        began = time.monotonic()
        if self._rest is None or began - self._paused > PAUSE_SECONDS:
            self._rest = in_batches(iterate_users(), self._size)
        rest, self._rest = self._rest, None  # after an error the next step begins again
        for batch in rest:
            self._serve(batch)
            if time.monotonic() - began >= STEP_SECONDS:
                self._rest, self._paused = rest, time.monotonic()
                return True
        return False


def archive_batch(user_ids: Sequence[str]) -> None:
    """Archive the old journal entries of some users, except those of deleted accounts."""
    older_than = utc_now() - timedelta(days=ARCHIVE_DAYS)
    for user_id in user_ids:
        with suppress(AccountClosed):
            archive_journal(user_id, older_than=older_than)


RECHARGE = Walk(recharge_users, 500)
ARCHIVE = Walk(archive_batch, 50)
DUTIES = (
    Duty("usertokens_recharge", every=3600, lease=120, run=RECHARGE.step),
    Duty("usertokens_archive", every=86400, lease=120, run=ARCHIVE.step),
)
