"""Back to the first day."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from kv.scripts import Script
from usertokens import keys
from usertokens.errors import OpenHolds
from usertokens.models import Conversation, ConversationTally
from usertokens.services import ledger
from usertokens.services.calendar import local_day
from usertokens.services.journal import archive_journal, list_transactions

_TRIES = 20

reset_user_script = Script("usertokens", "reset_user")


def reset_user(
    user_id: str, *, reason: str = "reset", key: str = "", actor: str = "", now: datetime | None = None
) -> None:
    """Stats and balance as on the first day; the journal goes to the archive, saved conversations go.

    The keys of money-backed grants stay, so none of them can be granted again.
    Raises OpenHolds, IdempotencyConflict or AccountClosed, having reset nothing.
    """
    more = [keys.last_login(user_id), keys.reversed_entries(user_id), keys.sources(user_id)]
    for _ in range(_TRIES):
        archive_journal(user_id, older_than=None, now=now)
        newest = list_transactions(user_id, limit=1, now=now).results
        own = (newest[0].id if newest else 0, local_day(now).isoformat())
        reply = ledger.run(
            reset_user_script, user_id, own, reason=reason, key=key, actor=actor, body=(), more_keys=more, now=now
        )
        if reply[0] == b"held":
            raise OpenHolds(user_id)
        if reply[0] == b"ok":
            with transaction.atomic():
                Conversation.objects.filter(user_id=user_id).delete()
                ConversationTally.objects.filter(user_id=user_id).delete()
            return
        # Somebody wrote to the journal between the archive and the reset: archive that as well.
    raise OpenHolds(user_id)
