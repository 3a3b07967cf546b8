"""A whole account: everything kept about a user as a download, and its removal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from kv.connection import call
from kv.scripts import Script
from usertokens import keys
from usertokens.errors import AccountClosed, AccountNotClosed, UnknownUser
from usertokens.models import ArchivedEntry, Conversation, ConversationTally
from usertokens.services.activity import get_user_stats
from usertokens.services.balances import get_balance
from usertokens.services.journal import iterate_transactions
from usertokens.services.people import find_user
from usertokens.signals import account_closing

forget_user_script = Script("usertokens", "forget_user")


def export_user(user_id: str) -> dict[str, Any]:
    """Everything kept about the user, ready for JSON; long lists are iterators."""
    try:
        balance = get_balance(user_id)
    except AccountClosed:
        return {"user_id": user_id, "closed": True}
    stats = get_user_stats(user_id)
    return {
        "user_id": user_id,
        "account": _profile(user_id),
        "stats": asdict(stats) if stats else None,
        "tokens": asdict(balance.tokens),
        "grants": [asdict(grant) for grant in balance.grants],
        "transactions": (asdict(entry) for entry in iterate_transactions(user_id)),
        "conversations": _conversations(user_id),
    }


def forget_user(user_id: str) -> int:
    """Remove every key and row that the app keeps about the user, and leave a tombstone.

    Answers how many; may be repeated.
    `account_closing` is sent first, once for an account. Raises AccountNotClosed when a receiver did; nothing is
    deleted then.
    """
    if not call("EXISTS", keys.tombstone(user_id)):
        for _, answer in account_closing.send_robust(sender=None, user_id=user_id):
            if isinstance(answer, Exception):
                raise AccountNotClosed(user_id) from answer
    # The tombstone first: from here on nothing late makes a key again.
    names = [keys.tombstone(user_id), *keys.everything(user_id)]
    removed = int(forget_user_script.run(names, [keys.TOMBSTONE_SECONDS])[1])
    with transaction.atomic():
        # Whoever is saving a conversation has the tally: deleted before it is there for good, it would be left behind.
        _, is_made_now = ConversationTally.objects.select_for_update().get_or_create(user_id=user_id)
        for model in (Conversation, ArchivedEntry, ConversationTally):
            removed += model._default_manager.filter(user_id=user_id).delete()[0]  # noqa: SLF001 (Django's public name for it)
    return removed - is_made_now


def delete_account(user: AbstractBaseUser) -> None:
    """Forget the user's activity and tokens, then delete the user. May be repeated after a crash."""
    forget_user(str(user.pk))
    user.delete()


def _profile(user_id: str) -> dict[str, Any] | None:
    try:
        user = find_user(user_id)
    except UnknownUser:
        return None
    joined = getattr(user, "date_joined", None)
    return {"username": user.get_username(), "joined": joined, "last_login": user.last_login}


def _conversations(user_id: str) -> Iterator[dict[str, Any]]:
    rows = Conversation.objects.filter(user_id=user_id).order_by("-at", "-id")
    for row in rows.iterator(chunk_size=200):
        yield {"id": str(row.uuid), "at": row.at, "summary": row.summary, "messages": row.messages}
