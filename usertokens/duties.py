"""Background work of the app: see kv.work.duties.

No balance depends on it: every operation on an account first does what is due.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from kv.sql.batches import in_batches
from kv.times import utc_now
from kv.work.duties import Duty
from usertokens.errors import AccountClosed
from usertokens.models import StaffAction
from usertokens.services import directory, vouchers
from usertokens.services.budget_notices import tell_reached, tell_reached_of
from usertokens.services.event_flags import BALANCE_LOW, sync_wanted, wanted_since
from usertokens.services.journal import archive_journal
from usertokens.services.journal_events import drain_batch, drain_news, forget_cursors
from usertokens.services.mail_sending import send_mails
from usertokens.services.mails import tidy_mails
from usertokens.services.notices import queue_falls, queue_notices
from usertokens.services.recharges import recharge_users
from usertokens.services.user_ids import iterate_users

#: The age at which an entry is archived, days. More than the 30 days of the dashboard's chart.
ARCHIVE_DAYS = 90
#: So long a form of the staff that was sent is known, days.
FORM_DAYS = 90
_ROWS = 500
#: The length of a step, seconds: a worker that is shutting down waits for it.
STEP_SECONDS = 2.0
#: After a pause of so many seconds another worker may have taken over, so a walk begins again.
PAUSE_SECONDS = 60.0


class Walk:
    """Visits every user with a ledger, or all that `source` has, in batches, for some seconds in each step.

    Only this process knows the position between two steps. A worker that takes over begins again, which does no harm.
    """

    def __init__(
        self,
        serve: Callable[[Sequence[Any]], object],
        size: int,
        source: Callable[[], Iterator[Any]] | None = None,
    ) -> None:
        self._serve = serve
        self._size = size
        self._source = source
        self._rest: Iterator[list[Any]] | None = None
        self._paused = 0.0

    def step(self) -> bool:
        """Continue after the last step; True when users are left."""
        began = time.monotonic()
        if self._rest is None or began - self._paused > PAUSE_SECONDS:
            self._rest = in_batches((self._source or iterate_users)(), self._size)
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


def tidy_staff_actions() -> bool:
    """Delete some old keys of forms that staff have sent; True when more may be left.

    The ledger forgets its keys after seven days. These are of forms, which may stay open in a tab for longer.
    """
    old = StaffAction.objects.filter(at__lt=utc_now() - timedelta(days=FORM_DAYS))
    some = list(old.values_list("pk", flat=True)[:_ROWS])
    StaffAction.objects.filter(pk__in=some).delete()
    return len(some) == _ROWS


def recharge_batch(user_ids: Sequence[str]) -> None:
    """Do what is due in some accounts, and queue mails about what their users are to know."""
    recharge_users(user_ids)
    queue_notices(user_ids)
    tell_reached_of(user_ids)


RECHARGE = Walk(recharge_batch, 500)
ARCHIVE = Walk(archive_batch, 50)


def emit_events() -> bool:
    """Emit what has happened in the store, as far as receivers want it; True when more waits."""
    wanted = sync_wanted()
    if BALANCE_LOW in wanted:
        queue_falls()
    return drain_news()


def walk_journals() -> bool:
    """Emit entries that were not noted: those that a period brought, and those of a process that was killed.

    True when users are left. Without a receiver that wants them no account is visited.
    """
    if wanted_since() is not None:
        return EVENTS.step()
    forget_cursors()
    return False


EVENTS = Walk(drain_batch, 500)
MAILS = Duty("usertokens_mails", every=5, lease=120, run=send_mails)
VOUCHERS = Duty(vouchers.DUTY, every=60, lease=120, run=vouchers.finish_redemptions, wakes=True)
COPY = Walk(directory.copy_users, directory.BATCH, directory.iterate_accounts)
DROP = Walk(directory.drop_gone, directory.BATCH, directory.iterate_rows)
#: Its state says how old the copied values of the admin's list are.
DIRECTORY = Duty("usertokens_directory", every=300, lease=120, run=COPY.step)
DUTIES = (
    Duty("usertokens_recharge", every=3600, lease=120, run=RECHARGE.step),
    Duty("usertokens_archive", every=86400, lease=120, run=ARCHIVE.step),
    MAILS,
    Duty("usertokens_budgets", every=5, lease=120, run=tell_reached),
    Duty("usertokens_mails_tidy", every=86400, lease=60, run=tidy_mails),
    Duty("usertokens_forms_tidy", every=86400, lease=60, run=tidy_staff_actions),
    VOUCHERS,
    Duty("usertokens_events", every=2, lease=15, run=emit_events),
    Duty("usertokens_events_walk", every=300, lease=120, run=walk_journals),
    DIRECTORY,
    Duty("usertokens_directory_tidy", every=86400, lease=120, run=DROP.step),
)
