"""Uses of tools."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stats.errors import UnknownTool
from stats.services.series import list_days
from stats.services.usage import list_usage, record_usage
from stats.types import ToolUsage
from tests.stats.callers import count_keys

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TOOL = "ccn-image-optimiser"


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


class TestRecordUsage:
    def test_counts_every_use_without_an_id(self) -> None:
        assert [record_usage(tool=TOOL).count for _ in range(3)] == [1, 2, 3]

    def test_counts_an_id_once(self) -> None:
        assert [record_usage(tool=TOOL, id=name).count for name in ("a", "a", "b", "a")] == [1, 1, 2, 2]

    def test_an_id_belongs_to_its_tool(self) -> None:
        record_usage(tool=TOOL, id="a")
        assert record_usage(tool="payment-qr", id="a") == ToolUsage("payment-qr", 1)

    def test_an_id_is_remembered_for_a_day(self, store: Any) -> None:
        record_usage(tool=TOOL, id="a")
        (mark,) = store.scan_iter(match="*~seen:*")
        assert 86400 - 10 <= store.ttl(mark) <= 86400
        store.delete(mark)
        assert record_usage(tool=TOOL, id="a").count == 2

    def test_of_many_at_once_with_one_id_one_counts(self) -> None:
        with ThreadPoolExecutor(16) as threads:
            assert {use.count for use in threads.map(lambda _: record_usage(tool=TOOL, id="a"), range(64))} == {1}

    @pytest.mark.parametrize("tool", ["unknown", "", "Payment-QR", "~seen:x", "~days:2026-03-10"])
    def test_refuses_what_is_not_listed(self, tool: str, store: Any) -> None:
        with pytest.raises(UnknownTool):
            record_usage(tool=tool)
        assert count_keys(store) == 0

    def test_goes_into_the_day_of_now(self) -> None:
        record_usage(tool=TOOL, now=NOW)
        record_usage(tool=TOOL, now=NOW - timedelta(days=1))
        assert [day.tools for day in list_days(days=2, now=NOW)] == [{TOOL: 1}, {TOOL: 1}]


class TestListUsage:
    def test_names_every_tool_most_used_first(self, settings: Any) -> None:
        settings.STATS_TOOLS = ("a", "b", "c", "d")
        for tool in ("c", "b", "c"):
            record_usage(tool=tool)
        assert [(use.tool, use.count) for use in list_usage()] == [("c", 2), ("b", 1), ("a", 0), ("d", 0)]

    def test_without_tools_is_empty(self, settings: Any) -> None:
        settings.STATS_TOOLS = ()
        assert list_usage() == ()
