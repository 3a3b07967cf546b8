"""Robots and prefetches; what the apps make of them stands in their own tests."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import pytest
from crawlerdetect import CrawlerDetect

from kv.web.agents import is_bot, is_prefetch
from tests.outside import package

#: What decides: agents that crawlerdetect alone takes for the other thing, and browsers that come near a sign.
SAMPLES = json.loads((Path(__file__).parent / "agents.json").read_text())

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
        with patch("kv.web.agents._is_crawler", return_value=False) as asked:
            is_bot("x" * 8192)
        asked.assert_called_once_with("x" * 512)

    @pytest.mark.parametrize("agent", [agent for agents in SAMPLES["robots"].values() for agent in agents])
    def test_a_robot_gives_itself_away(self, agent: str) -> None:
        assert not CrawlerDetect().is_crawler(agent), "no sample of ours: the list knows it by name"
        assert is_bot(agent)

    @pytest.mark.parametrize("agent", [agent for agents in SAMPLES["browsers"].values() for agent in agents])
    def test_a_browser_comes_near_a_sign_and_counts(self, agent: str) -> None:
        assert not is_bot(agent)


class TestListsOfOthers:
    """Held against lists that others keep, read as they are when the tests run."""

    def test_robots_that_are_missed(self) -> None:
        listed = json.loads((package("crawler-user-agents") / "crawler-user-agents.json").read_text())
        agents = {agent for entry in listed for agent in entry.get("instances", ())}
        missed = [agent for agent in agents if not is_bot(agent)]
        assert len(agents) > 1000
        assert len(missed) <= 0.03 * len(agents), missed

    @pytest.mark.parametrize(
        "path",
        ["user-agents/dist/user-agents.json", *(f"top-user-agents/src/{kind}.json" for kind in ("desktop", "mobile"))],
    )
    def test_browsers_that_are_taken_for_robots(self, path: str) -> None:
        name, _, file = path.partition("/")
        listed = json.loads((package(name) / file).read_text())
        agents = [entry if isinstance(entry, str) else entry["userAgent"] for entry in listed]
        taken = {agent for agent in agents if is_bot(agent)}
        assert len(agents) >= 10
        assert sum(agent in taken for agent in agents) <= 0.002 * len(agents), taken


class TestPrefetches:
    @pytest.mark.parametrize("name", ["HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ"])
    @pytest.mark.parametrize("value", ["prefetch", "Prefetch", "prefetch;prerender", "preview"])
    def test_say_so(self, name: str, value: str) -> None:
        assert is_prefetch({name: value})

    @pytest.mark.parametrize("headers", [{}, {"HTTP_SEC_PURPOSE": ""}, {"HTTP_SEC_PURPOSE": "something-new"}])
    def test_nothing_else_is_one(self, headers: dict[str, str]) -> None:
        assert not is_prefetch(headers)
