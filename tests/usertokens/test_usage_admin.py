"""The admin's page "Usage of tokens", its CSV, the part on a user's page, the figure on the index, and /metrics."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Permission, User

from kv.days import local_day
from kv.errors import StoreUnavailable
from tests.usertokens.journals import write_entry
from usertokens.metrics import collect_usage
from usertokens.services import accounts, directory

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
PATH = "/admin/usertokens/usage/"


@pytest.fixture(autouse=True)
def ada(store: Any, db: None, midday: None) -> str:
    user_id = str(User.objects.create_user("ada").pk)
    now = datetime.now(UTC)
    write_entry(store, user_id, now - timedelta(days=40), "spend", 100, action="image", quantity=10)
    write_entry(store, user_id, now - timedelta(days=1), "spend", 1230, action="image", quantity=123)
    write_entry(store, user_id, now, "spend", 2, action="=gpt:input", quantity=1500)
    directory.copy_users(list(directory.iterate_accounts()))
    write_entry(store, user_id, now, "spend", 5)
    return user_id


def staff(*codenames: str) -> User:
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def texts(client: Client, path: str) -> str:
    return " ".join(client.get(path).content.decode().split())


class TestPermission:
    def test_is_needed(self, client: Client) -> None:
        client.force_login(staff("view_any", "manage_tokens"))
        assert client.get(PATH).status_code == 403
        assert client.get(f"{PATH}?export=csv").status_code == 403
        assert PATH not in texts(client, "/admin/")

    def test_of_a_stranger_leads_to_the_log_in(self, client: Client) -> None:
        assert client.get(PATH)["Location"] == f"/admin/login/?next={PATH}"

    def test_shows_the_page_in_the_index(self, client: Client) -> None:
        client.force_login(staff("view_usage", "view_any"))
        text = texts(client, "/admin/")
        assert text.count(f'href="{PATH}"') >= 2  # the app's list, and the figure of today

    def test_nothing_is_changed_here(self, admin_client: Client) -> None:
        assert admin_client.get(f"{PATH}add/").status_code == 403
        assert admin_client.post(PATH, {"action": "delete_selected"}).status_code == 200


class TestPage:
    def test_actions_most_tokens_first(self, admin_client: Client) -> None:
        text = texts(admin_client, PATH)
        assert text.index(">image<") < text.index("Without an action") < text.index(">=gpt:input<")
        assert "1,237" in text  # the total, in the sentence of the chart and below the table
        assert "100" not in text.split("<table>")[1].split("</table>")[0]

    def test_one_action_in_front(self, admin_client: Client) -> None:
        text = texts(admin_client, f"{PATH}?days=7&action=image")
        assert 'class="kv-chart-key-front"></span> image' in text
        assert 'aria-current="true">image</a>' in text
        assert 'name="action" value="image"' in text  # the form of dates keeps it

    @pytest.mark.parametrize(
        "query",
        ["action=none", "action=", "action=%00", "action=" + "x" * 5000, "days=x", "from=2020-13-40", "days=99999"],
    )
    def test_odd_queries(self, admin_client: Client, query: str) -> None:
        answer = admin_client.get(f"{PATH}?{query}")
        assert answer.status_code == 200
        assert 'class="kv-chart-key-front"' not in answer.content.decode()

    def test_days_without_use(self, admin_client: Client) -> None:
        assert "Nobody spent tokens on these days." in texts(admin_client, f"{PATH}?from=2020-01-01&to=2020-01-31")

    def test_the_store_is_away(self, admin_client: Client) -> None:
        with patch("usertokens.services.usage.call_many", side_effect=StoreUnavailable("away")):
            answer = admin_client.get(PATH)
        assert answer.status_code == 200
        assert "can't be read" in answer.content.decode().replace("&#x27;", "'")

    def test_no_file_while_the_store_is_away(self, admin_client: Client) -> None:
        with patch("usertokens.services.usage.call_many", side_effect=StoreUnavailable("away")):
            answer = admin_client.get(f"{PATH}?days=7&export=csv")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert "Content-Disposition" not in answer.headers
        assert "can't be read" in answer.content.decode().replace("&#x27;", "'")

    def test_the_csv(self, admin_client: Client) -> None:
        answer: Any = admin_client.get(f"{PATH}?days=7&export=csv")
        today, yesterday = local_day(), local_day() - timedelta(days=1)
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        assert list(csv.reader(io.StringIO(text))) == [
            ["date", "action", "count", "quantity", "spent"],
            [yesterday.isoformat(), "image", "1", "123", "1230"],
            [today.isoformat(), "", "1", "1", "5"],
            [today.isoformat(), "'=gpt:input", "1", "1500", "2"],
        ]


class TestUser:
    def test_a_part_of_the_users_page(self, client: Client, ada: str) -> None:
        client.force_login(staff("view_any"))
        text = texts(client, f"/admin/usertokens/tokenledger/{ada}/")
        assert "Usage in the last 30 days" in text
        assert "1,230" in text

    def test_nothing_of_who_used_nothing(self, admin_client: Client) -> None:
        user_id = User.objects.create_user("eve").pk
        assert "Usage in" not in texts(admin_client, f"/admin/usertokens/tokenledger/{user_id}/")

    def test_a_closed_account(self, admin_client: Client, ada: str) -> None:
        accounts.forget_user(ada)
        assert "Usage in" not in texts(admin_client, f"/admin/usertokens/tokenledger/{ada}/")


def test_metrics() -> None:
    found = {
        (sample.name, sample.labels["action"]): sample.value for metric in collect_usage() for sample in metric.samples
    }
    assert found == {
        ("countinghouse_token_uses_total", "image"): 2,
        ("countinghouse_token_uses_total", "=gpt:input"): 1,
        ("countinghouse_token_units_total", "image"): 133,
        ("countinghouse_token_units_total", "=gpt:input"): 1500,
        ("countinghouse_tokens_spent_total", "image"): 1330,
        ("countinghouse_tokens_spent_total", "=gpt:input"): 2,
    }
