"""Conversations: the texts in the database, the count and the newest three in the store.

Each save writes the count and the newest three to the store: the state, never "one more". It does so while the user's
tally is locked and before the transaction ends. So the saves of one user reach the store in order, and nothing is saved
while the store can't be reached. After a crash between the two writes the store is one ahead; the retry, any later save
or `usertokens_check --repair` corrects it.
"""

from __future__ import annotations

import json
import uuid as uuids
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from kv.days import local_day
from kv.process.threads import async_twin
from kv.sql.transactions import atomic_for
from kv.store.connection import Arg, call_many
from kv.store.scripts import Script
from kv.times import utc_now
from usertokens import keys
from usertokens.conf import default_plan
from usertokens.models import Conversation, ConversationTally
from usertokens.services import ledger
from usertokens.services.activity import activity_keys
from usertokens.types import SavedConversation

#: Newest conversations in the store.
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

    messages: None keeps those of a known conversation.
    Raises AccountClosed or StoreUnavailable; then nothing was saved.
    """
    number = conversation_id or uuids.uuid4()
    with atomic_for(ConversationTally):
        tally = lock_tally(user_id)
        known = Conversation.objects.filter(user_id=user_id, uuid=number).first()
        if known is None:
            Conversation.objects.create(
                user_id=user_id, uuid=number, summary=summary, messages=messages or [], at=now or utc_now()
            )
            tally.saved += 1
            tally.save(update_fields=["saved"])
        else:
            known.summary = summary
            known.messages = known.messages if messages is None else messages
            known.save(update_fields=["summary", "messages"])
        total = _write_to_store(tally, now)
    return SavedConversation(str(number), known is None, total)


arecord_conversation = async_twin(record_conversation, uses_database=True)


def lock_tally(user_id: str) -> ConversationTally:
    """The user's tally, locked until the transaction ends: no conversation is saved meanwhile."""
    # In one step: while this waits for the lock, the row may be deleted with its user's data.
    tally, _ = ConversationTally.objects.select_for_update().get_or_create(user_id=user_id)
    return tally


def drop_conversations(tally: ConversationTally) -> None:
    """Delete the conversations of a locked tally, after the store's count was reset.

    The tally stays, at 0: another transaction may wait for its lock.
    """
    Conversation.objects.filter(user_id=tally.user_id).delete()
    tally.saved = tally.imported = 0
    tally.save(update_fields=["saved", "imported"])


def drop_conversations_before(tally: ConversationTally, moment: datetime) -> None:
    """Delete what an interrupted reset at `moment` left behind; conversations saved since stay."""
    dropped, _ = Conversation.objects.filter(user_id=tally.user_id, at__lt=moment).delete()
    if dropped:
        tally.saved, tally.imported = Conversation.objects.filter(user_id=tally.user_id).count(), 0
        tally.save(update_fields=["saved", "imported"])
        _write_to_store(tally, None)


def find_drifted(user_ids: Sequence[str]) -> list[str]:
    """The users of a batch whose conversations in the store differ from those in the database.

    Two queries, one round trip.
    """
    tallies = {tally.user_id: tally for tally in ConversationTally.objects.filter(user_id__in=user_ids)}
    saved: dict[str, int] = {}
    newest: dict[str, list[dict[str, str]]] = {}
    for row in _newest_of(user_ids):
        saved[row["user_id"]] = row["total"]
        newest.setdefault(row["user_id"], []).append(_item(row["uuid"], row["summary"], row["at"]))
    fields = ("conversations", "recent_conversations")
    replies = call_many([("HMGET", keys.stats(user_id), *fields) for user_id in user_ids])
    return [
        user_id
        for user_id, (count, recent) in zip(user_ids, replies, strict=True)
        if _differs(tallies.get(user_id), saved.get(user_id, 0), int(count or 0))
        or (user_id in newest and json.loads(recent or b"[]") != newest[user_id])
    ]


def repair_conversations(user_id: str) -> None:
    """Set the store's count and newest three from the database. Raises AccountClosed."""
    with atomic_for(ConversationTally):
        tally = lock_tally(user_id)
        tally.saved = Conversation.objects.filter(user_id=user_id).count()
        tally.save(update_fields=["saved"])
        _write_to_store(tally, None)


def _differs(tally: ConversationTally | None, saved: int, count: int) -> bool:
    imported = tally.imported if tally else 0
    return count != saved + imported or (tally is not None and tally.saved != saved)


def _newest_of(user_ids: Sequence[str]) -> Iterable[Any]:
    """The newest conversations of each user, newest first, each with the user's total; one query for all users."""
    whole = Window(Count("id"), partition_by=F("user_id"))
    place = Window(RowNumber(), partition_by=F("user_id"), order_by=[F("at").desc(), F("id").desc()])
    rows = Conversation.objects.filter(user_id__in=user_ids).annotate(place=place, total=whole)
    newest = rows.filter(place__lte=RECENT).order_by("user_id", "place")
    return newest.values("user_id", "uuid", "summary", "at", "total")


def _recent(user_id: str) -> list[dict[str, str]]:
    rows = Conversation.objects.filter(user_id=user_id).only("uuid", "summary", "at").order_by("-at", "-id")[:RECENT]
    return [_item(row.uuid, row.summary, row.at) for row in rows]


def _item(number: UUID, summary: str, at: datetime) -> dict[str, str]:
    return {"id": str(number), "summary": summary, "at": at.isoformat()}


def _write_to_store(tally: ConversationTally, now: datetime | None) -> int:
    total = tally.saved + tally.imported
    recent = json.dumps(_recent(tally.user_id), ensure_ascii=False, separators=(",", ":"))
    args: list[Arg] = [total, recent, local_day(now).isoformat(), default_plan()]
    ledger.check_reply(tally.user_id, record_conversation_script.run(activity_keys(tally.user_id), args))
    return total
