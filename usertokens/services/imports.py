"""Import an older site's users and tokens; may be repeated."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TextIO

from django.utils import timezone

from kv.days import local_day
from kv.sql.transactions import atomic_for
from kv.store.connection import Arg
from kv.store.numbers import LARGEST_WHOLE
from kv.store.scripts import Script
from kv.web.texts import NothingVisible, UnreadableText, clean_text
from usertokens import keys
from usertokens.conf import app_settings, default_plan
from usertokens.errors import BadImport, InsufficientTokens
from usertokens.models import ConversationTally
from usertokens.services import ledger
from usertokens.services.activity import activity_keys
from usertokens.types import BOUGHT, LONGEST_REASON

_COUNTS = ("conversations", "generations", "days_active", "login_streak", "longest_streak")
# As for every id from outside. A brace would end the hash tag: the keys of one user must share a slot.
_USER_ID = re.compile(r"[\x20-\x7a|~]{1,64}")
COLUMNS = ("user_id", "id", "at", "amount", "reason")

import_user_stats_script = Script("usertokens", "import_user_stats")
import_entry_script = Script("usertokens", "import_entry")


@dataclass(frozen=True, slots=True)
class Imported:
    """The result for one user or row. added: it was new. problem: why it was skipped, "" when it was not."""

    name: str
    added: bool
    problem: str = ""


def import_older_store(older: Any, *, dry_run: bool) -> Iterator[Imported]:
    """Read `user:*:stats` and `user:*:last_login` of an older site's Redis (a redis-py client).

    Raises StoreUnavailable.
    """
    for key in older.scan_iter(match="user:*:stats", count=500):
        user_id = key.decode("utf-8", "replace").removeprefix("user:").removesuffix(":stats").strip("{}")
        fields = {
            name.decode("utf-8", "replace"): value.decode("utf-8", "replace")
            for name, value in older.hgetall(key).items()
        }
        last = older.get(key.removesuffix(b":stats") + b":last_login") or b""
        try:
            yield import_user_stats(user_id, fields, last_login=last.decode("utf-8", "replace"), dry_run=dry_run)
        except (BadImport, ValueError, TypeError, RecursionError) as error:  # for any content of its JSON
            yield Imported(user_id, added=False, problem=str(error))


def import_user_stats(user_id: str, fields: dict[str, str], *, last_login: str, dry_run: bool) -> Imported:
    """Import one user's activity, once; of two counts the larger stays. Raises BadImport for invalid values."""
    _require_id(user_id)
    args: list[Arg] = [local_day().isoformat(), _day(last_login), default_plan()]
    for name in _COUNTS:
        if name in fields:
            args += [name, _count(name, fields[name])]
    if "mood_score" in fields:
        args += ["mood_score", _mood(fields["mood_score"])]
    if fields.get("plan") in app_settings.PLAN_ALLOWANCES:
        args += ["plan", fields["plan"]]
    if recent := _recent(fields.get("recent_conversations", "[]")):
        args += ["recent_conversations", recent]
    if dry_run:
        return Imported(user_id, added=True)
    with atomic_for(ConversationTally):
        # The older site's conversations have no texts here; only their count is imported.
        tally, _ = ConversationTally.objects.get_or_create(user_id=user_id)
        tally = ConversationTally.objects.select_for_update().get(pk=tally.pk)
        if not tally.imported and "conversations" in fields:
            tally.imported = _count("conversations", fields["conversations"])
            tally.save(update_fields=["imported"])
        reply = ledger.check_reply(user_id, import_user_stats_script.run(activity_keys(user_id), args))
    return Imported(user_id, added=reply[1] == b"1")


def import_csv(file: TextIO, *, dry_run: bool) -> Iterator[Imported]:
    """Import rows user_id,id,at,amount,reason, each id once for ever; a negative amount is a spend.

    Raises BadImport for missing columns and for a file that is no CSV.
    """
    reader = csv.DictReader(file)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise BadImport(f"the file has no column {missing[0]}")
    for row in _rows(reader):
        name = f"line {reader.line_num}"
        try:
            whole = {column: row[column] or "" for column in COLUMNS}  # a short line has None in its missing columns
            yield Imported(name, added=import_entry(whole, dry_run=dry_run))
        except InsufficientTokens as error:
            yield Imported(name, added=False, problem=f"spends {error.required}, the balance is {error.balance}")
        except (BadImport, ValueError) as error:
            yield Imported(name, added=False, problem=str(error))


def _rows(reader: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise BadImport(f"line {reader.line_num}: {error}") from None


def import_entry(row: dict[str, str], *, dry_run: bool) -> bool:
    """Import one row; False when its id is known.

    Raises BadImport, InsufficientTokens, IdempotencyConflict, AccountClosed.
    """
    user_id, amount = row["user_id"].strip(), _count("amount", row["amount"], signed=True)
    at = datetime.fromisoformat(row["at"].strip())
    at = at if at.tzinfo else timezone.make_aware(at)
    if not user_id or not amount or not row["id"].strip():
        raise BadImport("a user, an id and an amount other than 0 are required")
    _require_id(user_id)
    try:
        reason = clean_text(row["reason"].strip(), blank=True).strip()
    except UnreadableText as error:
        raise BadImport(f"reason: the character {error} is not taken here") from error
    day = f" ({at.date().isoformat()})"
    reason = f"{reason[: LONGEST_REASON - len(day)]}{day}".strip()
    digest = hashlib.sha256(f"import:{row['id'].strip()}".encode()).digest()[:16]
    common = ledger.common_args(
        user_id,
        fingerprint=ledger.fingerprint_of("import", amount, at.isoformat()),
        reason=reason,
        key=row["id"].strip()[:64],
    )
    own: list[Arg] = [digest, amount, BOUGHT, LARGEST_WHOLE, "1" if dry_run else ""]
    names = [*keys.ledger(user_id), *keys.weeks(user_id), keys.sources(user_id)]
    reply = import_entry_script.run(names, [*common, *own])
    ledger.check_reply(user_id, reply)
    if reply[0] == b"insufficient":
        raise InsufficientTokens(int(reply[1]), -amount)
    return bool(reply[1] == b"new")


def _require_id(user_id: str) -> None:
    if not _USER_ID.fullmatch(user_id):
        raise BadImport(f"user_id: {user_id[:40]!r} is not 1 to 64 printable ASCII characters without braces")


def _count(name: str, text: str, *, signed: bool = False) -> int:
    digits = text.strip().removeprefix("-") if signed else text.strip()
    if not digits.isascii() or not digits.isdecimal() or int(digits) > LARGEST_WHOLE:
        raise BadImport(f"{name}: {text!r} is no whole number")
    return int(text)


def _mood(text: str) -> str:
    number = round(float(text), 1)
    if not 0 <= number <= 10:  # noqa: PLR2004 (a mood's own bound)
        raise BadImport(f"mood_score: {text!r} is not between 0 and 10")
    return f"{number:.1f}".removesuffix(".0")


def _day(text: str) -> str:
    return date.fromisoformat(text[:10]).isoformat() if text else ""


def _recent(text: str) -> str:
    """Older sites store recent conversations in several shapes; an item with id, summary and at is imported."""
    items = json.loads(text or "[]")
    kept = [
        {"id": str(item["id"]), "summary": summary, "at": datetime.fromisoformat(item["at"]).isoformat()}
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict) and {"id", "summary", "at"} <= item.keys() and (summary := _summary(item["summary"]))
    ]
    return json.dumps(kept[:3], ensure_ascii=False, separators=(",", ":")) if kept else ""


def _summary(value: Any) -> str:
    """The text on one line, as it is stored here; "" when it can't be read."""
    try:
        return clean_text(" ".join(str(value).split()))[:280].strip()
    except (UnreadableText, NothingVisible):
        return ""
