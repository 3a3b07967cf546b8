"""The panel "Today" of the admin's index: each figure for whoever may see it, for one round trip to the store."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone

from billing.models import StripeEvent
from codetags.services.hits import record_hit
from kv.backup.save import note_backup
from kv.desk.parts import Figure, Panel, read_today
from kv.work.duties import Duty, run_duty
from kv.work.states import note_worker
from stats.services.payment_code_counts import record_payment_code
from stats.services.visits import record_visit
from tests.codetags.callers import store_away
from tests.sent_commands import sent_commands
from usertokens.duties import DIRECTORY
from usertokens.services import balances

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db
FIGURE = re.compile(r"<dt>(.*?)</dt><dd>(.*?)</dd>")
#: What each permission shows.
SHOWN = {
    "stats.view_statistics": {"Visitors", "Amount on payment codes", "Background worker", "Last backup"},
    "codetags.view_counts": {"Hits of campaign codes"},
    "auth.view_user": {"Sign-ups"},
    "usertokens.view_any": {"Tokens spent"},
    "codetags.view_codetag": set(),
}


def clerk(*permissions: str) -> Client:
    user = User.objects.create_user("clerk", is_staff=True)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(user)
    return client


def figures(client: Client, path: str = "/admin/") -> dict[str, str]:
    text = client.get(path).content.decode()
    plain = {re.sub("<.*?>", "", name): re.sub("<.*?>", "", value) for name, value in FIGURE.findall(text)}
    return {name: value.strip() for name, value in plain.items()}


@pytest.mark.parametrize("permission", SHOWN)
def test_who_sees_what(store: Any, permission: str) -> None:
    assert set(figures(clerk(permission))) == SHOWN[permission]


def test_nobody_without_a_permission_sees_the_panel(store: Any) -> None:
    assert "desk-today" not in clerk().get("/admin/").content.decode()


def test_what_happened_today(store: Any, admin_client: Client) -> None:
    for number in (1, 2):
        record_visit(address=f"10.0.{number}.1")
        record_hit(code="BT26", address=f"10.0.{number}.1", agent="Mozilla/5.0")
    record_payment_code(amount_cents=1250, id="r1")
    user = User.objects.create_user("ada")
    balances.spend_tokens(str(user.pk), 7)
    call_command("service_token", "robot", "--perm", "usertokens.view_any", stdout=StringIO())
    run_duty(DIRECTORY)
    note_worker("w1")
    note_backup(now=datetime.now(UTC) - timedelta(hours=3, minutes=5))
    found = figures(admin_client)
    assert found["Visitors"] == "2 0 yesterday"
    assert found["Amount on payment codes"] == "€12.50 1 payment code"
    assert found["Hits of campaign codes"] == "2 0 yesterday"
    assert found["Sign-ups"] == "1"  # neither the admin nor the service
    assert '<a href="/admin/usertokens/tokenledger/">' in admin_client.get("/admin/").text
    assert '<a href="/admin/auth/user/">' in clerk("auth.view_user").get("/admin/").text
    assert found["Tokens spent"].startswith("7 ")
    assert found["Background worker"] == "running"
    assert found["Last backup"] == "3 hours ago"


def test_what_is_wrong(store: Any, admin_client: Client) -> None:
    now = timezone.now()
    for number, state in enumerate(("parked", "failed", "failed", "done")):
        StripeEvent.objects.create(event_id=f"evt_{number}", type="x", state=state, happened_at=now, due_at=now)
    found = figures(admin_client)
    assert found["Stripe events to check"] == "3 2 failed, 1 parked"
    assert found["Background worker"] == "stopped none for a day"
    assert found["Last backup"].startswith("none yet")
    text = admin_client.get("/admin/").content.decode()
    assert "?state__exact=failed" in text
    assert text.count('class="desk-error"') == 2


def test_a_duty_that_fails_is_named(store: Any, admin_client: Client) -> None:
    def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_duty(Duty("stats_none", every=60, lease=60, run=fail))
    with pytest.raises(RuntimeError):
        run_duty(Duty("usertokens_directory", every=60, lease=60, run=fail))
    note_worker("w1")
    assert figures(admin_client)["Background worker"] == "running failing: usertokens_directory"


@pytest.mark.parametrize("language", ["", "/fr", "/de", "/es"])
def test_while_the_store_is_away(store: Any, admin_client: Client, language: str) -> None:
    with store_away():
        answer = admin_client.get(f"{language}/admin/")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert len(re.findall("<dd>–</dd>", text)) == 5
    assert "errornote" in text


def test_one_round_trip(store: Any, admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    trips: list[int] = []

    def count(commands: list[Any]) -> list[Any]:
        trips.append(len(commands))
        return [None] * len(commands)

    def panels(name: str) -> list[Any]:
        return [Panel("stats.view_statistics", place, read, commands=lambda: [("GET", "a")] * 3) for place in (1, 2)]

    def read(replies: Any) -> Iterator[Figure]:
        yield Figure("one", str(len(replies)))

    monkeypatch.setattr("kv.desk.parts.call_many", count)
    monkeypatch.setattr("kv.desk.parts._installed", panels)
    today = read_today(User.objects.get(username="admin"))
    assert trips == [6]
    assert [one.value for one in today.figures] == ["3", "3"]


def test_the_cost_of_the_index(store: Any, admin_client: Client, django_assert_max_num_queries: Any) -> None:
    admin_client.get("/admin/")
    with sent_commands() as sent, django_assert_max_num_queries(14):
        admin_client.get("/admin/")
    assert len(sent) < 60


def test_without_the_other_apps(store: Any, admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.apps import apps

    left = [config for config in apps.get_app_configs() if config.name in ("kv", "stats")]
    monkeypatch.setattr("kv.desk.parts.apps.get_app_configs", lambda: left)
    with override_settings(METRICS_PERMISSION="stats.view_statistics"):
        today = read_today(User.objects.get(username="admin"))
    # The worker too: events out are background work of the base package.
    assert {one.name for one in today.figures} == SHOWN["stats.view_statistics"]
