"""The card at the top of the dashboard, the ranges of its usage, and what a new account sees instead."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from usertokens.services import activity, balances, conversations


@pytest.fixture
def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    return " ".join(answer.text.split())


def test_says_what_is_used_and_left(page: Client, user: User) -> None:
    balances.spend_tokens(str(user.pk), 40)
    balances.add_tokens(str(user.pk), 1000, reason="gift")
    text = text_of(page.get("/dashboard"))
    assert '<p class="dash-balance">1,060</p>' in text
    assert '<li id="used">40 of 100 used</li>' in text
    assert 'role="meter" aria-labelledby="used" aria-valuemin="0" aria-valuemax="100" aria-valuenow="40"' in text
    assert "<li>about 353 generations</li>" in text
    assert "days left</li>" in text or "day left</li>" in text
    assert "at this pace" not in text  # on one day there is no pace


def test_a_pace_of_some_days_says_until_when(user: User) -> None:
    now = datetime.now(UTC)
    balances.add_tokens(str(user.pk), 1000, reason="gift", now=now - timedelta(days=20))
    for back in range(20, 0, -1):
        balances.spend_tokens(str(user.pk), 10, now=now - timedelta(days=back))
    page = Client()
    page.force_login(user)  # which makes the account, where it is not there yet
    assert "at this pace until" in text_of(page.get("/dashboard"))


@pytest.mark.parametrize("cost", [0, 10_000])
def test_without_a_price_or_enough_tokens_no_generations(page: Client, settings: Any, cost: int) -> None:
    settings.GENERATION_COST = cost
    assert "generation" not in text_of(page.get("/dashboard")).partition("dash-facts")[2].partition("</ul>")[0]


def test_a_new_account_has_one_next_step_and_words_for_what_will_come(page: Client, user: User) -> None:
    text = text_of(page.get("/dashboard"))
    assert "Your first step" in text
    assert 'href="#mood"' in text
    assert "What you spend tokens on will appear here" in text
    assert "Your mood will appear here" in text
    assert "<dt>Mood, of 10</dt><dd>–</dd>" in text
    activity.set_mood(str(user.pk), 7)
    assert "Your first step" not in text_of(page.get("/dashboard"))


def test_the_days_before_the_account_are_a_gap(page: Client, user: User) -> None:
    conversations.record_conversation(str(user.pk), summary="one")
    balances.spend_tokens(str(user.pk), 3, reason="article")
    text = text_of(page.get("/dashboard?days=7"))
    assert text.count('name="chart-spent"') == 7
    assert text.count("· no data</span>") == 6
    assert "compared with" not in text


@pytest.mark.parametrize("query", ["days=abc", "days=0", "from=x&to=y", "days=99999", "from=0001-01-01&to=0001-01-02"])
def test_any_query_is_a_page(page: Client, user: User, query: str) -> None:
    balances.spend_tokens(str(user.pk), 3, reason="article")
    assert page.get(f"/dashboard?{query}").status_code == 200


def test_reasons_are_escaped_and_few(page: Client, user: User) -> None:
    for number in range(12):
        balances.spend_tokens(str(user.pk), 1 + number % 2, reason=f"<b>{number}</b>")
    text = text_of(page.get("/dashboard"))
    assert "4 other reasons" in text
    assert "<b>1</b>" not in text.partition("dash-usage")[2].partition("</table>")[0]


class TestButtons:
    def test_where_nothing_is_sold_there_are_none(self, page: Client) -> None:
        text = text_of(page.get("/dashboard"))
        assert "Change plan" not in text
        assert "Top up" not in text

    @pytest.mark.parametrize("topups", [{}, {1000: "price_x"}])
    def test_where_something_is(self, page: Client, settings: Any, topups: dict[int, str]) -> None:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_x", ["whsec_x"]
        settings.BILLING_TOPUPS = topups
        text = text_of(page.get("/dashboard"))
        assert ('href="/pricing">Change plan' in text, 'href="/pricing#topups">Top up' in text) == (True, bool(topups))


def test_the_slider_of_a_new_user_is_in_the_middle(page: Client) -> None:
    text = page.get("/dashboard").text
    assert 'value="5"' in text
    assert 'for="id_score">–</output>' in text, "nobody has said 0"
    page.post("/dashboard/mood", {"score": "0"})
    text = page.get("/dashboard").text
    assert 'value="5"' not in text
    assert 'for="id_score">0</output>' in text


@pytest.mark.parametrize("days", [7, 30, 90, 365])
def test_each_range_has_a_link_and_a_page(page: Client, user: User, days: int) -> None:
    now = datetime.now(UTC)
    balances.spend_tokens(str(user.pk), 2, reason="first", now=now - timedelta(days=days - 1))
    balances.spend_tokens(str(user.pk), 3, reason="too old", now=now - timedelta(days=days))
    answer = page.get(f"/dashboard?days={days}")
    assert [row.reason for row in answer.context["spending"].reasons] == ["first"]
    links = dict(re.findall(r'<a href="[?]days=(\d+)[^"]*"( aria-current="true")?', answer.text))
    assert links == {str(each): ' aria-current="true"' if each == days else "" for each in (7, 30, 90, 365)}
