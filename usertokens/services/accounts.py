"""A whole account: whether it exists, and its deletion."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser

from kv.events.upkeep import forget_user_events
from kv.process.threads import async_twin
from kv.sql.transactions import atomic_for
from kv.store.connection import call
from kv.store.scripts import Script
from usertokens import keys
from usertokens.errors import AccountNotClosed, UnknownUser
from usertokens.models import (
    ArchivedEntry,
    Conversation,
    ConversationTally,
    EventCursor,
    MailChoice,
    MailLanguage,
    OutgoingMail,
    Redemption,
    TokenLedger,
    UserUsage,
)
from usertokens.services.rollup import add_up_rest
from usertokens.services.users import find_user
from usertokens.signals import account_closing

_ROWS = (
    Conversation, ArchivedEntry, ConversationTally, OutgoingMail, MailChoice, MailLanguage, UserUsage, Redemption,
    EventCursor,
)  # fmt: skip


forget_user_script = Script("usertokens", "forget_user")


def is_known(user_id: str) -> bool:
    """Whether the user exists, or any data or a tombstone of them does.

    Raises ValueError for a text that can't be a user's id.
    """
    if call("EXISTS", keys.tombstone(user_id), *keys.everything(user_id)):
        return True
    if any(model._default_manager.filter(user_id=user_id).exists() for model in _ROWS):  # noqa: SLF001 (Django's public name for it)
        return True
    try:
        find_user(user_id)
    except UnknownUser:
        return False
    return True


def forget_user(user_id: str) -> int:
    """Delete every key and row of the user, and set a tombstone. Returns how many; may be repeated.

    Sends `account_closing` first, once for an account. Raises AccountNotClosed when a receiver raises; nothing is
    deleted then.
    """
    if not call("EXISTS", keys.tombstone(user_id)):
        for _, answer in account_closing.send_robust(sender=None, user_id=user_id):
            if isinstance(answer, Exception):
                raise AccountNotClosed(user_id) from answer
        # The site's sums keep what the user has used, without saying whose it was.
        add_up_rest(user_id)
    # The tombstone comes first: no late write creates a key after it.
    names = [keys.tombstone(user_id), *keys.everything(user_id)]
    removed = int(forget_user_script.run(names, [keys.TOMBSTONE_SECONDS])[1])
    with atomic_for(ConversationTally):
        # A transaction that saves a conversation locks the tally. Without waiting for it, its row would be left behind.
        _, is_made_now = ConversationTally.objects.select_for_update().get_or_create(user_id=user_id)
        # First: a walk that adds up usage locks this row. Without waiting for it, rows of usage would be left behind.
        TokenLedger.objects.filter(user_id=user_id).delete()
        for model in _ROWS:
            removed += model._default_manager.filter(user_id=user_id).delete()[0]  # noqa: SLF001 (Django's public name for it)
        removed += forget_user_events(user_id)
    return removed - is_made_now


aforget_user = async_twin(forget_user, uses_database=True)


def delete_account(user: AbstractBaseUser) -> None:
    """Delete the user's activity and tokens, then the user. May be repeated after a crash.

    Raises AccountNotClosed when a receiver of `account_closing` raises; nothing is deleted then.
    """
    forget_user(str(user.pk))
    user.delete()


adelete_account = async_twin(delete_account, uses_database=True)
