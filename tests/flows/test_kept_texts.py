"""Every text that a form, a command, an import or the API keeps follows one rule: nothing in it that nobody sees."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client

from codetags.models import CodeTag
from stats.models import Adjustment
from tests.stats.callers import BROWSER
from usertokens.models import Conversation
from usertokens.services import balances, dashboards, imports, journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

pytestmark = pytest.mark.django_db
SENT, KEPT = "Cafe\u0301 a\u200bb\u202ec\ufeff\u00add\u3164", "Café abcd"
UNREADABLE = ("a\ufffd", "a\x07", "\u0378", "\ue000")
UNSEEN = ("\u200b", "\u3164", "\u2800\u00a0", "\ufeff")


def _people() -> tuple[str, Client]:
    """Another administrator each time: the id, and a client who has logged in."""
    users: Any = get_user_model().objects
    root: User = users.create_superuser(f"root{users.count()}")
    client = Client()
    client.force_login(root)
    return str(root.pk), client


def _newest_reason(user_id: str) -> str:
    return journal.list_transactions(user_id, limit=1).results[0].reason


def api(path: str, field: str, **more: Any) -> Callable[[str], str | None]:
    def keep(text: str) -> str | None:
        user_id, client = _people()
        answer = client.post(path, json.dumps({field: text, **more}), content_type="application/json")
        if answer.status_code == 400:
            return None
        assert answer.status_code < 300, answer.content
        return _newest_reason(user_id)

    return keep


def summary(text: str) -> str | None:
    _, client = _people()
    client.post("/api/chat/save", json.dumps({"summary": text}), content_type="application/json")
    return Conversation.objects.values_list("summary", flat=True).first()


def correction(text: str) -> str | None:
    user_id, client = _people()
    sent = {"action": "grant", "amount": "5", "reason": text, "key": "k"}
    answer = client.post(f"/admin/usertokens/tokenledger/{user_id}/", sent)
    return _newest_reason(user_id) if answer.status_code == 302 else None


def code_tag(field: str) -> Callable[[str], str | None]:
    def keep(text: str) -> str | None:
        _, client = _people()
        client.post(
            "/admin/codetags/codetag/add/",
            {"code": f"BT{10 + CodeTag.objects.count()}", "label": "Poster", field: text},
        )
        kept: str | None = CodeTag.objects.values_list(field, flat=True).last()
        return kept

    return keep


def adjustment(text: str) -> str | None:
    with suppress(CommandError):
        call_command("stats_adjust", "visitors", "5", "--reason", text, stdout=io.StringIO())
    return Adjustment.objects.values_list("reason", flat=True).first()


def reset(text: str) -> str | None:
    user_id, _ = _people()
    balances.add_tokens(user_id, 5, reason="before")
    with suppress(CommandError):
        call_command("usertokens_reset", user_id, "--reason", text, "--yes", stdout=io.StringIO())
    reasons = {entry.reason for entry in journal.list_transactions(user_id, limit=20).results}
    return ", ".join(reasons - {"", "before", "allowance", "Free"}) or None


def imported(text: str) -> str | None:
    user_id, _ = _people()
    rows = io.StringIO(f'user_id,id,at,amount,reason\n{user_id},x1,2024-03-01,5,"{text}"\n')
    (row,) = imports.import_csv(rows, dry_run=False)
    return None if row.problem else _newest_reason(user_id).removesuffix(" (2024-03-01)").replace("(2024-03-01)", "")


def older_summary(text: str) -> str | None:
    user_id, _ = _people()
    recent = json.dumps([{"id": "1", "summary": text, "at": "2024-03-01T10:00:00"}])
    imports.import_user_stats(user_id, {"recent_conversations": recent}, last_login="", dry_run=False)
    found = dashboards.read_dashboard(user_id).stats.recent_conversations
    return found[0].summary if found else None


def signed_up(text: str) -> str | None:
    client = Client(headers={"User-Agent": BROWSER})
    word = "a long enough word 9"
    client.post("/accounts/signup", {"username": text, "password1": word, "password2": word})
    return get_user_model().objects.values_list("username", flat=True).first()


def administrator(text: str) -> str | None:
    with suppress(CommandError):
        call_command("admin", text, stdout=io.StringIO())
    return get_user_model().objects.values_list("username", flat=True).first()


KEEPERS = {
    "spend": api("/api/tokens/spend", "reason", amount=3),
    "hold": api("/api/tokens/holds", "reason", amount=3, ttl_seconds=60),
    "summary": summary,
    "correction": correction,
    "label": code_tag("label"),
    "note": code_tag("note"),
    "adjustment": adjustment,
    "reset": reset,
    "imported": imported,
    "older_summary": older_summary,
    "administrator": administrator,
}


@pytest.mark.parametrize("keeper", KEEPERS)
def test_is_kept_as_it_is_seen_or_refused(store: Any, keeper: str) -> None:
    for text in (*UNREADABLE, *UNSEEN):
        assert not KEEPERS[keeper](text), ascii(text)
    assert KEEPERS[keeper](SENT) == KEPT


@pytest.mark.parametrize("name", ["\u1160", "\u3164", "ad\u1160min", "\u115fmin", "admin\uffa0", "a\u200b"])
def test_a_user_name_is_seen_whole(store: Any, name: str) -> None:
    assert signed_up(name) is None


def test_a_text_that_grows_is_measured_as_it_is_kept(store: Any) -> None:
    assert code_tag("label")("\u0958" * 100) is None
