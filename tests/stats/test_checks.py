"""The app's system checks."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from kv.errors import StoreUnavailable
from stats.checks import check_proxies, check_tools
from stats.services.visits import record_visit


class TestTools:
    @pytest.mark.parametrize("tools", [(), ("payment-qr",), ("a", "tool.v2", "x_1", "9" * 64)])
    def test_with_good_names_pass(self, tools: tuple[str, ...], settings: Any) -> None:
        settings.STATS_TOOLS = tools
        assert check_tools(None) == []

    @pytest.mark.parametrize("tool", ["", "Tool", "a b", "~days", "-x", "a\n", "ü", "x" * 65, "a:b"])
    def test_with_a_name_that_can_be_no_key_fail(self, tool: str, settings: Any) -> None:
        settings.STATS_TOOLS = ("payment-qr", tool)
        assert [message.id for message in check_tools(None)] == ["stats.E001"]


class TestProxies:
    @pytest.fixture(autouse=True)
    def _unlimited(self, store: Any, settings: Any) -> None:
        settings.RATE_LIMITS = None

    def test_warn_when_one_address_makes_nearly_all_visits(self) -> None:
        for _ in range(120):
            record_visit(address="10.0.0.1")
        (warning,) = check_proxies(None)
        assert warning.id == "stats.W002"
        assert "NUM_PROXIES" in str(warning.hint)

    def test_pass_with_many_visitors(self) -> None:
        for number in range(120):
            record_visit(address=f"198.18.0.{number}")
        assert check_proxies(None) == []

    def test_pass_with_few_visits(self) -> None:
        for _ in range(20):
            record_visit(address="10.0.0.1")
        assert check_proxies(None) == []

    def test_pass_when_the_store_is_away(self) -> None:
        with patch("stats.services.series.call_many", side_effect=StoreUnavailable("away")):
            assert check_proxies(None) == []
