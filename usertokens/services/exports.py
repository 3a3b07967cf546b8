"""All data about a user, for download."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from kv.store.connection import call
from usertokens import keys
from usertokens.errors import AccountClosed, UnknownUser
from usertokens.models import Conversation, OutgoingMail, Redemption
from usertokens.services.activity import get_user_stats, list_moods
from usertokens.services.balances import get_balance
from usertokens.services.budgets import get_budget
from usertokens.services.journal import iterate_archived, iterate_transactions
from usertokens.services.mail_choices import language_of, read_choices
from usertokens.services.prices import read_fractions
from usertokens.services.usage import all_usage
from usertokens.services.users import find_user
from usertokens.signals import account_exported


def export_user(user_id: str) -> dict[str, Any]:
    """All data about the user, ready for JSON; long lists are iterators. Creates nothing.

    Raises ValueError for a text that can't be a user's id.
    """
    has_account = bool(call("EXISTS", keys.account(user_id)))
    if not has_account and call("EXISTS", keys.tombstone(user_id)):
        return {"user_id": user_id, "closed": True}
    try:
        balance = get_balance(user_id) if has_account else None
    except AccountClosed:
        return {"user_id": user_id, "closed": True}
    stats = get_user_stats(user_id)
    entries = iterate_transactions(user_id) if balance else iterate_archived(user_id)
    return {
        "user_id": user_id,
        "account": _profile(user_id),
        "stats": asdict(stats) if stats else None,
        "moods": [asdict(mood) for mood in list_moods(user_id)],
        "tokens": asdict(balance.tokens) if balance else None,
        "budgets": asdict(get_budget(user_id)) if balance else None,
        "fractions": read_fractions(user_id) if balance else {},
        "grants": [asdict(grant) for grant in balance.grants] if balance else [],
        "transactions": (asdict(entry) for entry in entries),
        "usage": _usage(user_id) if balance else [],
        "conversations": _conversations(user_id),
        "mail_language": language_of(user_id),
        "mail_choices": read_choices(user_id),
        "mails": _mails(user_id),
        "vouchers": _vouchers(user_id),
    }


def stream_json(data: dict[str, Any]) -> Iterator[str]:
    """An object as JSON text; its iterators are read item by item."""
    comma = "{"
    for name, value in data.items():
        yield f"{comma}\n{json.dumps(name)}: "
        comma = ","
        if isinstance(value, Iterator):
            yield "["
            inner = ""
            for item in value:
                yield f"{inner}\n{_json(item)}"
                inner = ","
            yield "]"
        else:
            yield _json(value)
    yield "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def _profile(user_id: str) -> dict[str, Any] | None:
    try:
        user = find_user(user_id)
    except UnknownUser:
        return None
    profile: dict[str, Any] = {
        "username": user.get_username(),
        "email": getattr(user, "email", ""),
        "joined": getattr(user, "date_joined", None),
        "last_login": getattr(user, "last_login", None),
    }
    answers: Any = account_exported.send(sender=None, user=user)
    for _, more in answers:
        profile |= more
    return profile


def _usage(user_id: str) -> list[dict[str, Any]]:
    return [
        {"date": day, "action": action, "count": count, "quantity": quantity, "spent": spent}
        for (day, action), (count, quantity, spent) in sorted(all_usage(user_id).items())
    ]


def _conversations(user_id: str) -> Iterator[dict[str, Any]]:
    rows = Conversation.objects.filter(user_id=user_id).order_by("-at", "-id")
    for row in rows.iterator(chunk_size=200):
        yield {"id": str(row.uuid), "at": row.at, "summary": row.summary, "messages": row.messages}


def _mails(user_id: str) -> Iterator[dict[str, Any]]:
    rows = OutgoingMail.objects.filter(user_id=user_id).order_by("-created_at", "-id")
    for row in rows.iterator(chunk_size=200):
        yield {
            "kind": row.kind,
            "at": row.created_at,
            "state": row.state,
            "sent_at": row.sent_at,
            "language": row.language,
            "data": row.data,
        }


def _vouchers(user_id: str) -> Iterator[dict[str, Any]]:
    rows = Redemption.objects.filter(user_id=user_id).select_related("voucher").order_by("-redeemed_at", "-id")
    for row in rows.iterator(chunk_size=200):
        yield {
            "code": row.voucher.code,
            "at": row.redeemed_at,
            "tokens": row.tokens,
            "expires_at": row.expires_at,
            "state": row.state,
        }
