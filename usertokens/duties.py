"""Background work of the app: see kv.duties.

Nothing depends on it: whatever is due is done at the next touch anyway.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from kv.duties import Duty
from usertokens.services.audits import in_batches, iterate_users
from usertokens.services.journal import archive_journal
from usertokens.services.recharges import recharge_users

#: How old an entry is when it leaves the store, days. Longer than the 30 days that a dashboard draws.
ARCHIVE_DAYS = 90


def recharge() -> None:
    """Every account's due allowance."""
    for batch in in_batches(iterate_users()):
        recharge_users(batch)


def archive() -> None:
    """Every account's old journal entries."""
    older_than = timezone.now() - timedelta(days=ARCHIVE_DAYS)
    for user_id in iterate_users():
        archive_journal(user_id, older_than=older_than)


DUTIES = (
    Duty("usertokens_recharge", every=3600, lease=120, run=recharge),
    Duty("usertokens_archive", every=86400, lease=120, run=archive),
)
