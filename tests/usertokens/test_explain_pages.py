"""The command `usertokens_explain` and the admin's page that explains a balance."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client

from kv.days import local_day
from kv.errors import StoreUnavailable
from usertokens import keys
from usertokens.services import accounts, balances, journal

pytestmark = pytest.mark.django_db


@pytest.fixture
def begun() -> datetime:
    """Two days ago, but in this month, whose beginning brings an allowance."""
    now = datetime.now(UTC).replace(microsecond=0)
    return max(now - timedelta(days=2), now.replace(day=1, hour=0, minute=0, second=0))


@pytest.fixture
def ada(store: Any, begun: datetime) -> str:
    user_id = str(User.objects.create_user("ada").pk)
    balances.add_tokens(user_id, 5000, reason="gift <b>", actor="3", key="k-1", now=begun)
    spent = begun + min((datetime.now(UTC) - begun) / 2, timedelta(hours=1))
    balances.spend_tokens(user_id, 1000, reason="article", now=spent)
    return user_id


@pytest.fixture
def clerk(store: Any) -> Client:
    staff = User.objects.create_user("clerk", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_any"))
    client = Client()
    client.force_login(staff)
    return client


def run(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    call_command("usertokens_explain", *args)
    return capsys.readouterr().out


class TestCommand:
    def test_says_what_makes_up_the_balance(self, ada: str, capsys: Any, begun: datetime) -> None:
        text = run(capsys, ada)
        assert f"User {ada} at " in text
        assert ": balance 4,100\n" in text
        assert "balance = 5,100 granted - 1,000 spent = 4,100" in text
        assert "= 4,100 left in grants - 0 debt = 4,100" in text
        assert "1. grant 2: 5,000 granted - 900 spent = 4,100 left" in text
        assert f'given, entry 2 of {begun.isoformat(timespec="milliseconds")}, "gift <b>", key k-1, by 3' in text
        assert "Proved: the sums are equal, and the account agrees." in text

    def test_of_a_moment_in_a_zone(self, ada: str, capsys: Any, settings: Any, begun: datetime) -> None:
        settings.TIME_ZONE = "Asia/Tokyo"
        at = (begun + timedelta(hours=9)).replace(tzinfo=None)  # the same moment in Tokyo
        for text in (at.isoformat(), begun.isoformat(), at.isoformat(sep=" ")):
            assert f"at {at.isoformat(timespec='milliseconds')}+09:00: balance 5,100\n" in run(
                capsys, ada, "--at", text
            )

    def test_of_today_is_of_the_present(self, ada: str, capsys: Any) -> None:
        assert "and the account agrees" in run(capsys, ada, "--at", local_day().isoformat())

    def test_of_a_day_is_of_its_end(self, store: Any, capsys: Any) -> None:
        bob = str(User.objects.create_user("bob").pk)
        balances.spend_tokens(bob, 1, now=datetime.now(UTC) - timedelta(days=2))
        assert "The first entry is of" not in run(capsys, bob, "--at", (local_day() - timedelta(days=1)).isoformat())

    def test_as_json(self, ada: str, capsys: Any) -> None:
        found = json.loads(run(capsys, ada, "--json"))
        assert (found["balance"], found["proved"], found["problems"], found["is_present"]) == (4100, True, [], True)
        assert found["sums"] == {"journal": 4100, "terms": 4100, "grants_less_debt": 4100}
        assert found["terms"]["spent"] == 1000
        gift, allowance = found["grants"]
        assert (gift["source"], gift["left"], gift["place"], gift["never_expires"]) == ("given", 4100, 1, True)
        assert (allowance["source"], allowance["spent"], allowance["left"]) == ("allowance", 100, 0)
        assert all(moment.endswith("+00:00") for moment in (found["at"], found["entry"]["at"], gift["at"]))

    def test_tells_an_action_from_a_reason_of_the_same_name(
        self, ada: str, capsys: Any, clerk: Client, settings: Any
    ) -> None:
        settings.TOKEN_ACTIONS = {"article": 3}
        balances.spend_tokens(ada, action="article")
        said = run(capsys, ada)
        assert "  article: 1,000 in 1\n" in said
        assert "  action article: 3 in 1\n" in said
        page = text_of(clerk.get(f"/admin/usertokens/tokenledger/{ada}/explain/"))
        assert '<th scope="col">Action</th><th scope="col">Reason</th>' in page
        assert "<tr><td>–</td><td>article</td>" in page
        assert "<tr><td>article</td><td>–</td>" in page

    def test_is_the_same_after_archiving(self, ada: str, capsys: Any, begun: datetime) -> None:
        before = json.loads(run(capsys, ada, "--json", "--at", begun.isoformat()))
        journal.archive_journal(ada, older_than=None)
        after = json.loads(run(capsys, ada, "--json", "--at", begun.isoformat()))
        assert (before.pop("archived"), after.pop("archived")) == (0, 3)
        assert before == after

    def test_ends_with_1_when_the_sum_is_not_proved(self, ada: str, capsys: Any, store: Any) -> None:
        store.hset(keys.account(ada), "balance", 4101)
        with pytest.raises(CommandError) as error:
            run(capsys, ada)
        assert error.value.returncode == 1
        text = capsys.readouterr().out
        assert "NOT PROVED:" in text
        assert "the account's balance is 4101, the journal makes 4100" in text

    @pytest.mark.parametrize(
        ("at", "message"),
        [
            ("2999-01-01T00:00Z", "has not come yet; it is "),
            ("2001-01-01T00:00Z", "had no tokens at 2001-01-01T00:00Z. The first entry is of "),
            ("yesterday", "'yesterday' is no moment"),
            ("", "'' is no moment"),
        ],
    )
    def test_refuses_a_moment_without_a_balance(self, ada: str, capsys: Any, at: str, message: str) -> None:
        with pytest.raises(CommandError, match=message.replace(".", r"\.")) as error:
            run(capsys, ada, "--at", at)
        assert error.value.returncode == 2

    def test_refuses_a_user_without_a_balance(self, ada: str, capsys: Any) -> None:
        User.objects.create_user("new", pk=4711)
        accounts.forget_user(ada)
        refusals = {
            "4712": "There is no user 4712.",
            "4711": "has no tokens yet",
            ada: "was closed",
            "a{b}": "no braces",
        }
        for user, message in refusals.items():
            with pytest.raises(CommandError, match=message) as error:
                run(capsys, user)
            assert error.value.returncode == 2


def text_of(answer: Any) -> str:
    return " ".join(unescape(answer.text).split())


class TestPage:
    def test_explains_the_present_and_a_moment(self, clerk: Client, ada: str, begun: datetime) -> None:
        page = f"/admin/usertokens/tokenledger/{ada}/"
        text = text_of(clerk.get(page + "explain/"))
        assert "entry 3 of the journal all make 4,100." in text
        assert "The account says the same." in text
        assert "<strong>5,100 − 1,000 = 4,100</strong>" in text
        assert "<strong>4,100 − 0 = 4,100</strong>" in text
        assert '<span class="help">gift <b> · k-1</span>' in text
        text = text_of(clerk.get(page + "explain/", {"at": begun.isoformat()}))
        assert "all make 5,100." in text
        assert "The account says the same." not in text
        assert f'value="{begun:%Y-%m-%dT%H:%M:%S}"' in text

    def test_is_linked_from_the_user_s_page_and_each_entry(self, clerk: Client, ada: str, begun: datetime) -> None:
        answer = clerk.get(f"/admin/usertokens/tokenledger/{ada}/")
        assert 'action="explain/"' in answer.text
        assert f'<a href="explain/?at={quote(begun.isoformat(timespec="milliseconds"))}">5,100</a>' in answer.text

    def test_escapes_reasons(self, clerk: Client, ada: str) -> None:
        assert "gift <b>" not in clerk.get(f"/admin/usertokens/tokenledger/{ada}/explain/").text

    @pytest.mark.parametrize(
        ("at", "message"),
        [
            ("2999-01-01", "This moment has not come yet."),
            ("2001-01-01", "There were no tokens yet: the first entry is of "),
            ("x" * 5000, "Enter a date and a time"),
            ("\0", "Enter a date and a time"),
        ],
    )
    def test_says_why_there_is_no_answer(self, clerk: Client, ada: str, at: str, message: str) -> None:
        answer = clerk.get(f"/admin/usertokens/tokenledger/{ada}/explain/", {"at": at})
        assert answer.status_code == 200
        assert message in text_of(answer)

    def test_of_users_without_a_balance(self, clerk: Client, ada: str, store: Any) -> None:
        new = str(User.objects.create_user("new").pk)
        assert "There are no tokens yet." in text_of(clerk.get(f"/admin/usertokens/tokenledger/{new}/explain/"))
        assert store.exists(keys.account(new)) == 0
        accounts.forget_user(ada)
        assert "This account was closed." in text_of(clerk.get(f"/admin/usertokens/tokenledger/{ada}/explain/"))
        assert clerk.get("/admin/usertokens/tokenledger/4711/explain/").status_code == 404

    def test_needs_the_permission(self, ada: str) -> None:
        client = Client()
        client.force_login(User.objects.create_user("other", is_staff=True))
        assert client.get(f"/admin/usertokens/tokenledger/{ada}/explain/").status_code == 403
        client.force_login(User.objects.get(pk=ada))
        assert client.get(f"/admin/usertokens/tokenledger/{ada}/explain/").status_code == 302

    def test_says_what_is_wrong(self, clerk: Client, ada: str, store: Any) -> None:
        store.hset(keys.account(ada), "balance", 4101)
        text = text_of(clerk.get(f"/admin/usertokens/tokenledger/{ada}/explain/"))
        assert "Not proved: the sums differ." in text
        assert "the account's balance is 4101, the journal makes 4100" in text

    def test_of_a_journal_that_is_too_long(self, clerk: Client, ada: str) -> None:
        with patch("usertokens.views.explanations.MOST_ENTRIES", 2):
            text = text_of(clerk.get(f"/admin/usertokens/tokenledger/{ada}/explain/"))
        assert f"The journal has 3 entries, too many for a page. Run: manage.py usertokens_explain {ada}" in text

    def test_says_so_when_the_store_is_away(self, clerk: Client, ada: str) -> None:
        with patch("usertokens.services.explanations.ledger.run", side_effect=StoreUnavailable("away")):
            answer = clerk.get(f"/admin/usertokens/tokenledger/{ada}/explain/")
        assert answer.status_code == 200
        assert "The counts can't be read just now." in text_of(answer)

    @pytest.mark.parametrize(("code", "word"), [("fr", "Ce qui compose"), ("de", "Woraus sich"), ("es", "De qué")])
    def test_speaks_the_reader_s_language(self, clerk: Client, ada: str, code: str, word: str) -> None:
        assert word in text_of(clerk.get(f"/{code}/admin/usertokens/tokenledger/{ada}/explain/"))
