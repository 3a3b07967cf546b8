"""Tells that 80 or 100 per cent of a budget are spent: the event `budget.reached`, and a mail to the user.

The script that spends notes it in the account (`reached`), so nothing is lost when a process dies. The note is taken
away when its event and its mail are in the database. Both have a key, so that nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kv.events import emit
from kv.sql.transactions import atomic_for
from kv.store.connection import call_many
from kv.store.scripts import Script
from kv.times import from_ms, utc_now
from usertokens import keys
from usertokens.models import OutgoingMail
from usertokens.services import budget_letters, mails
from usertokens.services.noted import take_noted
from usertokens.services.users import list_users
from usertokens.types import budget_name

_BATCH = 200

clear_reached_script = Script("usertokens", "clear_reached")


@dataclass(frozen=True, slots=True)
class Reached:
    """A line of `reached`. share: 80 or 100. begins, ends: of the day or month, ms. action: "" = all tokens."""

    period: str
    share: int
    limit: int
    used: int
    at: int
    begins: int
    ends: int
    action: str

    @property
    def budget(self) -> tuple[str, str, int, int]:
        """The budget of one period; with another limit it is another one."""
        return self.period, self.action, self.begins, self.limit


def tell_reached(*, now: datetime | None = None) -> bool:
    """Tell of budgets that users have just reached; True when more may be left."""
    with take_noted(keys.reached(), _BATCH) as found:
        tell_reached_of(found, now=now)
    return len(found) == _BATCH


def tell_reached_of(user_ids: Sequence[str], *, now: datetime | None = None) -> None:
    """The same of some users: the hourly walk over all accounts. One round trip where nothing is to be told."""
    if not user_ids:
        return
    replies = call_many([("HGET", keys.account(user_id), "reached") for user_id in user_ids])
    notes = {user_id: text for user_id, text in zip(user_ids, replies, strict=True) if text}
    known = _known(list(notes)) if notes else set()
    for user_id, text in notes.items():
        lines = [_parse(line) for line in text.decode().split("\n")]
        with atomic_for(OutgoingMail):
            for one in lines:
                emit("budget.reached", _event(user_id, one), key=_key(user_id, one), at=from_ms(one.at))
            # Of 80 and 100 per cent at once the user reads one mail.
            for one in {one.budget: one for one in lines}.values():
                if user_id in known:
                    mails.queue_mail(
                        user_id, budget_letters.REACHED.name, _key(user_id, one), _mail(one), now=now or utc_now()
                    )
        clear_reached_script.run([keys.account(user_id)], [text])


def _event(user_id: str, one: Reached) -> Mapping[str, object]:
    return {
        "user_id": user_id,
        "budget": budget_name(one.action, one.period),
        "action": one.action or None,
        "period": one.period,
        "percent": one.share,
        "limit": one.limit,
        "used": one.used,
        "opens_at": from_ms(one.ends).isoformat(),
    }


def _mail(one: Reached) -> Mapping[str, object]:
    return {"action": one.action, "period": one.period, "percent": one.share, "limit": one.limit, "ends": one.ends}


def _key(user_id: str, one: Reached) -> str:
    return f"{user_id}:{one.period}:{one.action}:{one.begins}:{one.limit}:{one.share}"


def _parse(line: str) -> Reached:
    period, share, limit, used, at, begins, ends, action = line.split(" ")
    return Reached(period, int(share), int(limit), int(used), int(at), int(begins), int(ends), action)


def _known(user_ids: Sequence[str]) -> set[str]:
    """Those who are users."""
    return {str(pk) for pk in list_users(user_ids).values_list("pk", flat=True)} & set(user_ids)
