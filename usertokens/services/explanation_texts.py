"""An explained balance as text for a terminal, and as JSON. Times have the zone of the site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils import timezone

from usertokens.types import Transaction
from usertokens.types.explanations import ExplainedGrant, Explanation, SpentOn, Terms

#: Grants without tokens, and reasons, that a text shows.
MOST = 20
#: The terms of an equation, in its order: whether they came, and their names.
TERMS: Sequence[tuple[str, bool, str]] = (
    ("granted", True, "granted"),
    ("given_back", True, "given back"),
    ("restored", True, "restored"),
    ("spent", False, "spent"),
    ("held", False, "on hold"),
    ("expired", False, "expired"),
    ("taken_back", False, "taken back"),
    ("frozen", False, "frozen"),
    ("corrected", False, "corrected"),
    ("reset", False, "reset"),
    ("paid_debt", False, "paid debt"),
)


def to_json(found: Explanation) -> dict[str, Any]:
    """Everything, ready for JSON. expires_at: null = never, or not known: see never_expires and ended_by."""
    return {
        "user_id": found.user_id,
        "at": _time(found.at),
        "balance": found.balance,
        "held": found.held,
        "debt": found.debt,
        "entry": {"id": found.entry.id, "at": _time(found.entry.at)},
        "entries": found.entries,
        "archived": found.archived,
        "is_present": found.is_present,
        "terms": {name: value for name, value in asdict(found.terms).items() if name != "paid_debt"},
        "grants": [_grant(grant) for grant in found.grants],
        "holds": [
            {
                **_entry(hold.entry),
                "amount": hold.amount,
                "expires_at": _time(hold.expires_at),
                "grants": [{"id": grant, "tokens": tokens} for grant, tokens in hold.parts.items()],
            }
            for hold in found.holds
        ],
        "spent_on": [asdict(one) for one in found.spent_on],
        "newest": [
            {**_entry(entry), "type": entry.type, "amount": entry.amount, "balance_after": entry.balance_after}
            for entry in found.newest
        ],
        "sums": {"journal": found.balance, "terms": found.terms.sum, "grants_less_debt": found.left - found.debt},
        "proved": found.is_proved,
        "problems": list(found.problems),
    }


def to_lines(found: Explanation, *, most_over: int | None = MOST) -> Iterator[str]:
    """The explanation line by line. most_over: grants without tokens that are shown; None: all."""
    yield f"User {found.user_id} at {_time(found.at)}: balance {found.balance:,}"
    newest = "the newest" if found.is_present else f"the newest now is {found.entries}"
    yield f"after entry {found.entry.id} of {_time(found.entry.at)}; {newest}, up to {found.archived} in the archive"
    yield ""
    yield f"balance = {equation(found.terms)} = {found.terms.sum:,}"
    yield f"        = {found.left:,} left in grants - {found.debt:,} debt = {found.left - found.debt:,}"
    yield f"        = {found.balance:,} after entry {found.entry.id}"
    live = [grant for grant in found.grants if grant.left]
    over = [grant for grant in found.grants if not grant.left]
    yield from ("", "Grants with tokens, in the order in which they are spent:")
    yield from _grants(live) if live else ("  none",)
    if over:
        yield from ("", "Grants without tokens, newest first:")
        yield from _grants(over[:most_over])
        if most_over is not None and len(over) > most_over:
            yield f"  and {len(over) - most_over:,} older ones (--all shows them)"
    if found.holds:
        yield from ("", "Open holds:")
        for hold in found.holds:
            end = f", until {_time(hold.expires_at)}" if hold.expires_at else ""
            parts = ", ".join(f"{tokens:,} of grant {grant}" for grant, tokens in hold.parts.items())
            since = f"  entry {hold.entry.id}: {hold.amount:,} since {_time(hold.entry.at)}"
            yield f"{since}{end}; {parts}{_reason(hold.entry)}"
    if found.spent_on:
        yield from ("", "Spent on:")
        for one in found.spent_on[:MOST]:
            yield f"  {_name(one)}: {one.tokens:,} in {one.times:,}"
        if len(found.spent_on) > MOST:
            yield f"  and {len(found.spent_on) - MOST:,} more"
    yield from ("", "Last entries, newest first:")
    for entry in found.newest:
        line = f"  {entry.id} {_time(entry.at)} {entry.type} {entry.amount:+,} = {entry.balance_after:,}"
        yield line + _reason(entry)
    yield ""
    if found.is_proved:
        yield "Proved: the sums are equal" + (", and the account agrees." if found.is_present else ".")
    else:
        yield "NOT PROVED:"
        yield from (f"  {problem}" for problem in found.problems)


def equation(terms: Terms) -> str:
    """What came less what went, such as 1,100 granted - 240 spent. Terms that are 0 are left out."""
    parts: list[str] = []
    for name, came, label in TERMS:
        value = getattr(terms, name)
        if value or name == "granted":
            sign = ("" if came else "-") if not parts else "+ " if came else "- "
            parts.append(f"{sign}{value:,} {label}")
    return " ".join(parts)


def _name(one: SpentOn) -> str:
    """What it was spent on. An action and a reason may have the same name."""
    if one.reason is None:
        return "everything else"
    return f"action {one.action}" if one.action else one.reason or "no reason"


def _grants(grants: Sequence[ExplainedGrant]) -> Iterator[str]:
    for grant in grants:
        place = f"{grant.place}. " if grant.place else ""
        yield f"  {place}grant {grant.id}: {equation(grant.terms)} = {grant.left:,} left"
        yield f"     {_rule(grant)}"


def _rule(grant: ExplainedGrant) -> str:
    """Where it is from, and what decides when its tokens are spent and when they go."""
    entry, source = grant.entry, grant.source or "granted"
    if entry is None:
        return "no entry has granted it"
    origin = source
    if source == "allowance":
        origin = f"allowance of plan {entry.reason}" if entry.reason else "allowance of the free plan"
    elif source == "rollover":
        origin = "kept from the period before (at most ALLOWANCE_ROLLOVER_CAP)"
    parts = [origin, f"entry {entry.id} of {_time(entry.at)}"]
    if source != "allowance" and entry.reason not in ("", source):
        parts.append(f'"{entry.reason}"')
    parts += [f"key {entry.key}"] if entry.key else []
    parts += [f"by {entry.actor}"] if entry.actor else []
    parts.append("priority not known" if grant.priority is None else f"priority {grant.priority}")
    if grant.expires_at:
        parts.append(f"until {_time(grant.expires_at)}")
    elif grant.ended_by:
        parts.append(f"until {_time(grant.ended_by)} or before")
    else:
        parts.append("without an end" if grant.never_expires else "its end is not known any more")
    return ", ".join(parts)


def _grant(grant: ExplainedGrant) -> dict[str, Any]:
    return {
        "id": grant.id,
        **(_entry(grant.entry) if grant.entry else {"entry": None}),
        "type": grant.entry.type if grant.entry else None,
        "source": grant.source,
        "plan": grant.entry.reason if grant.entry and grant.source == "allowance" else None,
        "place": grant.place,
        "priority": grant.priority,
        "expires_at": _time(grant.expires_at),
        "never_expires": grant.never_expires,
        "ended_by": _time(grant.ended_by),
        **asdict(grant.terms),
        "left": grant.left,
    }


def _entry(entry: Transaction) -> dict[str, Any]:
    return {
        "entry": entry.id, "at": _time(entry.at), "reason": entry.reason, "key": entry.key, "actor": entry.actor
    }  # fmt: skip


def _reason(entry: Transaction) -> str:
    return f" ({entry.reason})" if entry.reason else ""


def _time(moment: datetime | None) -> str | None:
    zone = timezone.get_default_timezone()
    return None if moment is None else moment.astimezone(zone).isoformat(timespec="milliseconds")
