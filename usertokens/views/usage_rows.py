"""Usage by action for pages: rows of a table, and one action that a chart shows in front of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from kv.web.day_ranges import DayRange
from usertokens.types import ActionUsage, UsageReport

#: The name in the query of the action that is shown in front of all.
ACTION = "action"


@dataclass(frozen=True, slots=True)
class ActionRow:
    """An action with its figures. width: of its bar, in hundredths. query: shows it in the chart, or again all."""

    usage: ActionUsage
    width: int
    query: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class UsageRows:
    """The rows of a report. chosen: the action that the chart shows in front of all; None: none.

    has_actions: whether any named action was used.
    """

    rows: tuple[ActionRow, ...]
    chosen: ActionUsage | None
    has_actions: bool


def usage_rows(report: UsageReport, query: Mapping[str, str], shown: DayRange) -> UsageRows:
    """The rows of a report. An action in the query that was not used is left out."""
    asked = query.get(ACTION)
    chosen = next((one for one in report.actions if asked and one.action == asked), None)
    most = max((one.spent for one in report.actions), default=0)
    rows = tuple(
        ActionRow(
            one,
            # At least 1, so that a few tokens beside a million are still visible.
            max(one.spent * 100 // most, 1) if one.spent else 0,
            shown.query if one is chosen else f"{shown.query}&{urlencode({ACTION: one.action})}",
            one is chosen,
        )
        for one in report.actions
    )
    return UsageRows(rows, chosen, any(one.action for one in report.actions))
