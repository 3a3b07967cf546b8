"""Conversations: the text in the database, the count and the newest three in the store. The two never drift.

The store is told how many there are and which are the newest: state, not "one more". It is told while the user's tally is locked
and before the transaction ends, so saves of one user reach it in order, and nothing is saved while it is away. A crash between the
two leaves the store one ahead; the retry, any later save, or `usertokens_check --repair` sets it right.
"""

from __future__ import annotations

import json
import uuid as uuids
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from kv.scripts import Script
from usertokens.models import Conversation, ConversationTally
from usertokens.services import ledger
from usertokens.services.activity import activity_keys, get_user_stats
from usertokens.services.calendar import local_day
from usertokens.types import SavedConversation

#: How many of the newest the store keeps.
RECENT = 3

record_conversation_script = Script("usertokens", "record_conversation")


def record_conversation(
    user_id: str,
    *,
    summary: str,
    conversation_id: UUID | None = None,
    messages: list[dict[str, Any]] | None = None,
    now: datetime | None = None,
) -> SavedConversation:
    """Save a conversation and count it; the same id of the same user again updates its text and counts nothing.

    messages: None leaves those of a known conversation as they are.
    Raises AccountClosed or StoreUnavailable, having saved nothing.
    """
    number = conversation_id or uuids.uuid4()
    with transaction.atomic():
        tally = _locked_tally(user_id)
        known = Conversation.objects.filter(user_id=user_id, uuid=number).first()
        if known is None:
            Conversation.objects.create(
                user_id=user_id, uuid=number, summary=summary, messages=messages or [], at=now or timezone.now()
            )
            tally.saved += 1
            tally.save(update_fields=["saved"])
        else:
            known.summary = summary
            known.messages = known.messages if messages is None else messages
            known.save(update_fields=["summary", "messages"])
        total = _tell_store(tally, now)
    return SavedConversation(str(number), known is None, total)


def repair_conversations(user_id: str, *, dry_run: bool = False) -> bool:
    """Set the store's count and newest three as the database has them; True when they differed."""
    with transaction.atomic():
        tally = _locked_tally(user_id)
        saved = Conversation.objects.filter(user_id=user_id).count()
        stats = get_user_stats(user_id)
        if stats is not None and tally.saved == saved and stats.conversations == saved + tally.imported:
            shown = [(item.id, item.summary) for item in stats.recent_conversations]
            if not saved or shown == [(str(item.uuid), item.summary) for item in _newest(user_id)]:
                return False
        if (stats is None and not saved) or dry_run:
            return stats is not None
        tally.saved = saved
        tally.save(update_fields=["saved"])
        _tell_store(tally, None)
    return True


def _locked_tally(user_id: str) -> ConversationTally:
    ConversationTally.objects.get_or_create(user_id=user_id)
    return ConversationTally.objects.select_for_update().get(user_id=user_id)


def _newest(user_id: str) -> list[Conversation]:
    rows = Conversation.objects.filter(user_id=user_id).only("uuid", "summary", "at")
    return list(rows.order_by("-at", "-id")[:RECENT])


def _tell_store(tally: ConversationTally, now: datetime | None) -> int:
    recent = [
        {"id": str(item.uuid), "summary": item.summary, "at": item.at.isoformat()} for item in _newest(tally.user_id)
    ]
    total = tally.saved + tally.imported
    words = [total, json.dumps(recent, ensure_ascii=False, separators=(",", ":")), local_day(now).isoformat()]
    ledger.checked(record_conversation_script.run(activity_keys(tally.user_id), words))
    return total
