"""The admin's list of users: what is copied, what is live, how it is sorted and found."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kv.errors import StoreUnavailable
from kv.work.duties import run_duty
from tests.sent_commands import sent_commands
from usertokens.duties import DIRECTORY
from usertokens.models import TokenLedger
from usertokens.services import accounts, balances, directory, plans
from usertokens.services.activity import record_login
from usertokens.types import Subscribed

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
LIST = "/admin/usertokens/tokenledger/"


def names(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"{LIST}{query}")
    assert answer.status_code == 200, answer
    return re.findall(r'class="field-name"><a href="[^"]*">([^<]*)<', answer.content.decode())


@pytest.fixture
def staff(store: Any, admin_client: Client) -> Client:
    return admin_client


@pytest.fixture
def three(store: Any, db: None) -> dict[str, str]:
    """ada has spent, bob is on Plus, eve has not been here."""
    made = {name: str(User.objects.create_user(name, email=f"{name}@example.org").pk) for name in ("ada", "bob", "eve")}
    balances.spend_tokens(made["ada"], 40)
    record_login(made["ada"])
    plans.set_plan(made["bob"], "Plus")
    run_duty(DIRECTORY)
    return made


class TestCopy:
    def test_rows(self, three: dict[str, str]) -> None:
        rows = {row.name: row for row in TokenLedger.objects.all()}
        assert [(rows[name].plan, rows[name].balance) for name in ("ada", "bob", "eve")] == [
            ("Free", 60), ("Plus", 1000), ("Free", None),
        ]  # fmt: skip
        assert rows["ada"].seen is not None
        assert rows["eve"].joined is not None

    def test_a_second_walk_writes_nothing(self, three: dict[str, str]) -> None:
        users = list(directory.iterate_accounts())
        assert directory.copy_users(users) == 0
        balances.spend_tokens(three["ada"], 1)
        assert directory.copy_users(users) == 1

    def test_a_new_name(self, three: dict[str, str]) -> None:
        User.objects.get(pk=three["ada"]).save(update_fields=["last_login"])
        user = User.objects.get(pk=three["ada"])
        user.username = "ada2"
        user.save()
        row = TokenLedger.objects.get(pk=three["ada"])
        assert (row.name, row.balance) == ("ada2", 60)

    def test_users_that_no_signal_told_of(self, store: Any) -> None:
        User.objects.bulk_create([User(username=f"u{number}") for number in range(3)])
        assert TokenLedger.objects.count() == 0
        run_duty(DIRECTORY)
        assert TokenLedger.objects.count() == 3
        User.objects.filter(username="u1")._raw_delete("default")
        directory.drop_gone(list(directory.iterate_rows()))
        assert sorted(TokenLedger.objects.values_list("name", flat=True)) == ["u0", "u2"]

    def test_a_closed_account_has_no_row(self, three: dict[str, str]) -> None:
        accounts.delete_account(User.objects.get(pk=three["ada"]))
        assert not TokenLedger.objects.filter(name="ada").exists()

    def test_ids_that_no_key_can_have_are_left_out(self, store: Any) -> None:
        assert directory.copy_users([("{1}", "x", None), ("1" * 65, "y", None)]) == 0
        assert directory.read_live(["{1}"]) == {}


class TestList:
    def test_sorted_by_the_copy_shown_as_it_is_now(self, staff: Client, three: dict[str, str]) -> None:
        def order() -> list[str]:
            return [name for name in names(staff, "?o=-2") if name in ("ada", "bob")]

        assert order() == ["bob", "ada"]
        balances.add_tokens(three["ada"], 5000, reason="gift")
        assert order() == ["bob", "ada"]
        text = staff.get(f"{LIST}?o=-2").content.decode()
        assert "5,060" in text
        assert "Order and filters are as of" in text
        run_duty(DIRECTORY)
        assert order() == ["ada", "bob"]

    @pytest.mark.parametrize("column", range(7))
    @pytest.mark.parametrize("sign", ["", "-"])
    def test_every_order_follows_an_index(self, staff: Client, column: int, sign: str) -> None:
        User.objects.bulk_create([User(username=f"u{number:03}") for number in range(120)])
        directory.copy_users(list(directory.iterate_accounts()))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(names(staff, f"?o={sign}{column}")) == 50
        (keys,) = [one["sql"] for one in queries if "LIMIT 1001" in one["sql"]]
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {keys}")
                plan = " ".join(row[3] for row in cursor.fetchall())
            assert "TEMP B-TREE" not in plan, plan

    def test_pages(self, staff: Client) -> None:
        User.objects.bulk_create([User(username=f"u{number:03}") for number in range(120)])
        directory.copy_users(list(directory.iterate_accounts()))
        seen = [name for page in (1, 2, 3) for name in names(staff, f"?o=0&p={page}")]
        assert seen == sorted(User.objects.values_list("username", flat=True))

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("?q=AD", {"ada"}), ("?q=bob@example", {"bob"}), ("?q=nobody", set()),
            ("?plan=Plus", {"bob"}), ("?left=low", set()), ("?left=enough", {"ada", "bob"}), ("?left=debt", set()),
            ("?left=new", {"eve"}), ("?since=today", {"ada"}), ("?since=never", {"bob", "eve"}),
            ("?since=longer", set()), ("?since=nonsense", {"ada", "bob", "eve"}),
            ("?subscription__exact=active", {"bob"}),
        ],
    )  # fmt: skip
    def test_search_and_filters(self, staff: Client, three: dict[str, str], query: str, found: set[str]) -> None:
        directory.note_subscriptions({three["bob"]: Subscribed.ACTIVE})
        # The administrator logged in today, so has an account.
        assert set(names(staff, query)) - {"admin"} == found

    def test_by_id(self, staff: Client, three: dict[str, str]) -> None:
        assert "eve" in names(staff, f"?q={three['eve']}")

    @pytest.mark.parametrize("query", ["?p=abc", "?o=99", "?q=%00", "?left=x", "?since=", "?plan__exact=%00", "?x=1"])
    def test_bad_queries_are_no_error(self, staff: Client, three: dict[str, str], query: str) -> None:
        # A character that PostgreSQL can't store is refused.
        assert staff.get(f"{LIST}{query}").status_code in ((200, 302, 400) if "exact" in query else (200, 302))

    def test_while_the_store_is_away(self, staff: Client, three: dict[str, str]) -> None:
        with (
            patch("usertokens.services.directory.call_many", side_effect=StoreUnavailable("away")),
            patch("kv.work.states.call_many", side_effect=StoreUnavailable("away")),
        ):
            text = staff.get(f"{LIST}?o=-2").content.decode()
        assert "60" in text
        assert "copied last" in text

    def test_the_cost_of_a_page(self, staff: Client, django_assert_max_num_queries: Any) -> None:
        User.objects.bulk_create([User(username=f"u{number:03}") for number in range(120)])
        directory.copy_users(list(directory.iterate_accounts()))
        names(staff)
        with sent_commands() as sent, django_assert_max_num_queries(12):
            names(staff)
        # Those of the rows in one round trip, and three about the worker's walk.
        assert len(sent) <= 50 + 3

    def test_no_account_is_made_by_looking(self, staff: Client, three: dict[str, str], store: Any) -> None:
        names(staff)
        assert store.exists(f"user:{{{three['eve']}}}:tokens") == 0

    def test_what_was_due_is_shown(self, store: Any, db: None) -> None:
        user_id = str(User.objects.create_user("ada").pk)
        balances.add_tokens(user_id, 50, reason="gift", expires_at=datetime.now(UTC) + timedelta(seconds=1))
        assert directory.read_live([user_id])[user_id].balance == 150

    @pytest.mark.parametrize(
        ("permission", "status"), [("view_any", 200), ("manage_tokens", 200), ("act_for_any", 403)]
    )
    def test_who_may(self, client: Client, three: dict[str, str], permission: str, status: int) -> None:
        clerk = User.objects.create_user("clerk", is_staff=True)
        clerk.user_permissions.add(Permission.objects.get(codename=permission))
        client.force_login(clerk)
        assert client.get(LIST).status_code == status
        assert client.get(f"{LIST}{three['ada']}/").status_code == status

    @pytest.mark.parametrize("sees_accounts", [False, True])
    def test_addresses_are_for_those_who_may_see_accounts(
        self, client: Client, three: dict[str, str], sees_accounts: bool
    ) -> None:
        clerk = User.objects.create_user("clerk", is_staff=True)
        codenames = ["view_any", *(["view_user"] if sees_accounts else [])]
        clerk.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(clerk)
        assert names(client, "?q=ada@example.org") == (["ada"] if sees_accounts else [])
        page = client.get(f"{LIST}{three['ada']}/").content.decode()
        assert ("ada@example.org" in page) == sees_accounts


class TestLinks:
    def test_from_account_to_tokens_and_back(self, staff: Client, three: dict[str, str]) -> None:
        page, account = f"{LIST}{three['ada']}/", f"/admin/auth/user/{three['ada']}/change/"
        assert page in staff.get(account).content.decode()
        text = staff.get(page).content.decode()
        assert account in text
        assert "ada@example.org" in text

    def test_the_log_links_to_the_page(self, staff: Client, three: dict[str, str]) -> None:
        answer = staff.get(f"{LIST}{three['ada']}/change/")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"{LIST}{three['ada']}/")

    def test_who_sees_no_accounts_gets_no_link_to_one(self, client: Client, three: dict[str, str]) -> None:
        clerk = User.objects.create_user("clerk", is_staff=True)
        clerk.user_permissions.add(Permission.objects.get(codename="view_any"))
        client.force_login(clerk)
        assert "/admin/auth/user/" not in client.get(f"{LIST}{three['ada']}/").content.decode()
