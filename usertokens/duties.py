"""Background work of the app: see kv.work.duties.

Nothing depends on it: whatever is due is done at the next touch anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from django.utils import timezone

from kv.work.duties import Duty
from usertokens.errors import AccountClosed
from usertokens.services.journal import archive_journal
from usertokens.services.recharges import recharge_users
from usertokens.services.user_ids import in_batches, iterate_users

#: How old an entry is when it leaves the store, days. Longer than the 30 days that a dashboard draws.
ARCHIVE_DAYS = 90
#: How long a step goes on, seconds: a worker that is told to end waits for it.
STEP_SECONDS = 2.0
#: After such a pause, seconds, another worker has gone on from its own beginning, so a walk begins again as well.
PAUSE_SECONDS = 60.0


class Walk:
    """Everybody with a ledger, a batch at a time, some seconds of them in a step.

    Where it is between two steps is known to this process alone: whoever takes over begins anew, which does no harm.
    """

    def __init__(self, serve: Callable[[Sequence[str]], object], size: int) -> None:
        self._serve = serve
        self._size = size
        self._rest: Iterator[list[str]] | None = None
        self._paused = 0.0

    def step(self) -> bool:
        """Go on where the last step ended; True when somebody is left."""
        began = time.monotonic()
        if self._rest is None or began - self._paused > PAUSE_SECONDS:
            self._rest = in_batches(iterate_users(), self._size)
        rest, self._rest = self._rest, None  # after an error the next step begins anew
        for batch in rest:
            self._serve(batch)
            if time.monotonic() - began >= STEP_SECONDS:
                self._rest, self._paused = rest, time.monotonic()
                return True
        return False


def archive_batch(user_ids: Sequence[str]) -> None:
    """The old journal entries of some users; those of an account that was deleted meanwhile are gone."""
    older_than = timezone.now() - timedelta(days=ARCHIVE_DAYS)
    for user_id in user_ids:
        with suppress(AccountClosed):
            archive_journal(user_id, older_than=older_than)


RECHARGE = Walk(recharge_users, 500)
ARCHIVE = Walk(archive_batch, 50)
DUTIES = (
    Duty("usertokens_recharge", every=3600, lease=120, run=RECHARGE.step),
    Duty("usertokens_archive", every=86400, lease=120, run=ARCHIVE.step),
)
