"""What the dashboard shows, from the services: the card of tokens, usage, transactions, activity, mood."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kv.days import local_day
from kv.times import utc_now
from kv.web.charts import Chart, Words, time_chart
from kv.web.day_ranges import CHOICES, DAYS, DayRange, read_range
from kv.web.formats import format_number
from usertokens.conf import app_settings
from usertokens.forms import MoodForm
from usertokens.services import activity, balances, dashboards, history, journal, prices
from usertokens.services.activity import DayMood
from usertokens.services.history import Reason, Spending
from usertokens.services.pace import PACE_DAYS, daily_pace, lasts_until
from usertokens.services.usage import usage_between
from usertokens.templatetags.usertokens import mood as mood_text
from usertokens.types import BEST_MOOD, Balance
from usertokens.views.activity_calendar import activity_calendar
from usertokens.views.history_filter import HistoryFilter
from usertokens.views.usage_rows import ACTION, UsageRows, usage_rows

#: The most days that the dashboard reads at once.
_LONGEST = 366
#: Reasons that are shown by name; the rest are one row.
_NAMED = 8
_NEWEST = 5
_MOOD_DAYS = 90
_MIDDLE_MOOD = 5


@dataclass(frozen=True, slots=True)
class TokenCard:
    """The card at the top. used: tokens of the period's allowance that are gone; until, generations: None = not known.

    days_left: until the next allowance. share: of the allowance that is used, in hundredths.
    """

    used: int
    share: int
    days_left: int
    until: date | None
    generations: int | None


@dataclass(frozen=True, slots=True)
class UsageRow:
    """A reason and what was spent on it. name: "" for spends without a reason. width: of its bar, in hundredths."""

    name: str
    tokens: int
    times: int
    width: int


def dashboard_links() -> dict[str, Container[str]]:
    """What the dashboard's own links and form ask for: name of the query → its values."""
    return {"days": tuple(map(str, CHOICES)), "from": DAYS, "to": DAYS, ACTION: prices.action_names()}


def empty_context(user_id: str) -> dict[str, Any]:
    """What the page needs in any case, also while nothing can be read."""
    # `page_user` is no `{{ user.pk }}`: a project may group digits, or have no context processor for the user.
    return {"page_user": user_id, "mood_form": MoodForm(), "read_at": utc_now()}


def dashboard_context(user_id: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Everything on the dashboard. Raises StoreUnavailable or AccountClosed."""
    today = local_day()
    page = dashboards.read_dashboard(user_id)
    balance = balances.get_balance(user_id)
    shown = read_range(query, today, longest=_LONGEST, kept=(ACTION,))
    spending, before, recent = _read_spending(user_id, shown, today)
    newest = journal.list_transactions(user_id, limit=_NEWEST).results
    moods = activity.list_moods(user_id)
    has_mood = bool(moods or page.stats.mood_score)
    by_action = None
    if spending.has_actions:
        by_action = usage_rows(usage_between(user_id, shown.first, shown.last), query, shown)
    return {
        "page": page,
        "grants": balance.grants,
        "card": _card(balance, recent, today),
        "range": shown,
        "spending": spending,
        "usage_chart": _usage_chart(spending, by_action, before),
        "by_action": by_action,
        "usage_rows": _usage_rows(spending.reasons),
        "newest": newest,
        "filter": HistoryFilter({}, today, spending.begins),
        "calendar": activity_calendar(page.stats.last_84_days, page.stats.last_login or today, today),
        "mood_chart": _mood_chart(moods, today),
        "has_mood": has_mood,
        # Nobody who saves the slider as it stands means the worst mood.
        "mood_form": MoodForm(initial={"score": page.stats.mood_score if has_mood else _MIDDLE_MOOD}),
        "is_new": not (page.stats.conversations or page.stats.generations or moods or spending.total or any(recent)),
        "live_query": _live_query(query, shown, by_action),
    }


def _read_spending(user_id: str, shown: DayRange, today: date) -> tuple[Spending, list[int | None], list[int | None]]:
    """Spending on the days shown, by day in as many days before, and by day in the PACE_DAYS before today."""
    pace_first = today - timedelta(days=PACE_DAYS)
    before, _last = shown.before
    first = min(before, pace_first) if shown.last == today else before
    read = history.read_spending(user_id, first=first, last=shown.last, reasons_from=shown.first)
    known = dict(read.days)
    if shown.last != today:
        known |= dict(history.read_spending(user_id, first=pace_first, last=today).days)
    recent = [known[pace_first + timedelta(days=ahead)] for ahead in range(PACE_DAYS)]
    earlier = [tokens for day, tokens in read.days if before <= day < shown.first]
    return replace(read, days=tuple(row for row in read.days if row[0] >= shown.first)), earlier, recent


def _usage_chart(spending: Spending, by_action: UsageRows | None, before: list[int | None]) -> Chart:
    """Tokens by day; those of the chosen action in front."""
    chosen = by_action.chosen if by_action else None
    words = Words(_("Tokens spent"), front=chosen.action if chosen else "")
    return time_chart("spent", spending.days, words, fronts=chosen.days if chosen else (), before=before)


def _live_query(query: Mapping[str, str], shown: DayRange, by_action: UsageRows | None) -> str:
    """The query of the part that refreshes itself: what was asked for, as far as it can be shown."""
    asked = [shown.query] if any(query.get(name) for name in ("days", "from", "to")) else []
    if by_action and by_action.chosen:
        asked.append(urlencode({ACTION: by_action.chosen.action}))
    return "&".join(asked)


def _card(balance: Balance, recent: list[int | None], today: date) -> TokenCard:
    tokens = balance.tokens
    left = sum(grant.left for grant in balance.grants if grant.source == "allowance")
    used = min(max(tokens.allowance - left, 0), tokens.allowance)
    cost = app_settings.GENERATION_COST
    return TokenCard(
        used=used,
        share=used * 100 // tokens.allowance if tokens.allowance else 0,
        days_left=max((local_day(tokens.period_end) - today).days, 0),
        until=lasts_until(balance.grants, daily_pace(recent), today),
        generations=tokens.balance // cost if cost > 0 and tokens.balance >= cost else None,
    )


def _usage_rows(reasons: tuple[Reason, ...]) -> list[UsageRow]:
    """The reasons with the most tokens, and one row for all others."""
    named = [(one.reason, one.tokens, one.times) for one in reasons[:_NAMED]]
    if others := reasons[_NAMED:]:
        name = ngettext("%(n)s other reason", "%(n)s other reasons", len(others)) % {"n": format_number(len(others))}
        named.append((name, sum(one.tokens for one in others), sum(one.times for one in others)))
    most = max((tokens for _name, tokens, _times in named), default=1)
    # At least 1, so that a few tokens beside a million are still visible.
    return [UsageRow(name, tokens, times, max(tokens * 100 // most, 1)) for name, tokens, times in named]


def _mood_chart(moods: tuple[DayMood, ...], today: date) -> Chart | None:
    """The moods of the last days as a line; None with fewer than two, which are no line yet."""
    first = today - timedelta(days=_MOOD_DAYS - 1)
    shown = [(mood.day, mood.score) for mood in moods if first <= mood.day <= today]
    words = Words(_("Mood, of 10"), write=mood_text, short=mood_text)
    return time_chart("mood", shown, words, kind="line", is_joined=True, top=BEST_MOOD) if len(shown) > 1 else None
