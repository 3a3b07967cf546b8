"""Robots and prefetches; what the apps make of them stands in their own tests."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from kv.agents import is_bot, is_prefetch

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class TestBots:
    def test_a_browser_is_none(self) -> None:
        assert not is_bot(FIREFOX)

    @pytest.mark.parametrize(
        "agent", ["Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "curl/8.5.0", "", "  "]
    )
    def test_are_known_by_their_names_or_by_having_none(self, agent: str) -> None:
        assert is_bot(agent)

    def test_only_the_first_512_characters_are_read(self) -> None:
        """A name of 8 kB took the detector 88 ms."""
        with patch("kv.agents._is_crawler", return_value=False) as asked:
            is_bot("x" * 8192)
        asked.assert_called_once_with("x" * 512)


class TestPrefetches:
    @pytest.mark.parametrize("name", ["HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ"])
    @pytest.mark.parametrize("value", ["prefetch", "Prefetch", "prefetch;prerender", "preview"])
    def test_say_so(self, name: str, value: str) -> None:
        assert is_prefetch({name: value})

    @pytest.mark.parametrize("headers", [{}, {"HTTP_SEC_PURPOSE": ""}, {"HTTP_SEC_PURPOSE": "something-new"}])
    def test_nothing_else_is_one(self, headers: dict[str, str]) -> None:
        assert not is_prefetch(headers)
