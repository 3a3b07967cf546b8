"""Staff manage receivers of events in the admin, and see what became of each event."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.urls import reverse

from kv.desk.parts import read_today
from kv.events import emit
from kv.events.upkeep import LONGEST_RETENTION, RETENTION, tidy_events
from kv.models import EventReceiver, EventState, OutgoingEvent
from kv.monitoring.own import collect_events
from kv.times import utc_now
from tests.kv.event_receiver import TYPE, emit_some, listening, register

pytestmark = pytest.mark.django_db
URL = "https://example.com/events?key=k3y"


@pytest.fixture
def admin(admin_client: Any, store: Any) -> Any:
    return admin_client


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:kv_{name}", args=args)


def post(client: Any, row: EventReceiver, **more: str) -> Any:
    given = {"name": row.name, "url": row.url, "is_on": "on", "types": row.types, **more}
    return client.post(page("eventreceiver_change", row.pk), given, follow=True)


def test_the_secret_of_a_new_one_is_shown_once(admin: Any) -> None:
    given = {"name": "Shop", "url": URL, "is_on": "on", "types": [TYPE, "plan.changed"]}
    answer = admin.post(page("eventreceiver_add"), given, follow=True)
    row = EventReceiver.objects.get()
    assert (row.types, row.is_on) == ([TYPE, "plan.changed"], True)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", row.secret)
    text = answer.content.decode()
    assert row.secret in text
    assert "k3y" not in text, "the list shows the host alone"
    for name in ("eventreceiver_changelist", "outgoingevent_changelist"):
        assert row.secret not in admin.get(page(name)).content.decode()
    assert row.secret not in admin.get(page("eventreceiver_change", row.pk)).content.decode()


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://10.0.0.1/", "https://localhost/", "ftp://example.com/", "example.com", ""]
)
def test_an_address_that_may_not_be_posted_to_is_refused(admin: Any, url: str) -> None:
    answer = admin.post(page("eventreceiver_add"), {"name": "Shop", "url": url, "types": [TYPE]})
    assert answer.status_code == 200
    assert not EventReceiver.objects.exists()


def test_a_fragment_is_refused(admin: Any) -> None:
    answer = admin.post(page("eventreceiver_add"), {"name": "Shop", "url": f"{URL}#key", "types": [TYPE]})
    assert "What stands behind # never reaches the receiver." in answer.content.decode()
    assert not EventReceiver.objects.exists()


def test_a_type_of_no_app_is_refused(admin: Any) -> None:
    admin.post(page("eventreceiver_add"), {"name": "Shop", "url": URL, "types": ["user.renamed"]})
    assert not EventReceiver.objects.exists()


def test_the_buttons_of_a_receiver(admin: Any) -> None:
    row = register(URL, TYPE)
    text = post(admin, row, _ping="1").content.decode()
    assert "A test event is on its way" in text
    assert OutgoingEvent.objects.get().type == "test.ping"
    assert "_end_secret" not in text
    old = row.secret
    text = post(admin, row, _secret="1").content.decode()
    row.refresh_from_db()
    assert row.old_secret == old != row.secret
    assert row.secret in text
    assert old not in text
    assert "_end_secret" in text
    post(admin, row, _end_secret="1")
    row.refresh_from_db()
    assert row.old_secret == ""


def test_who_may_only_look_sees_no_button_and_changes_nothing(client: Any, store: Any) -> None:
    viewer = get_user_model().objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__in=["view_eventreceiver", "view_outgoingevent"]))
    client.force_login(viewer)
    row = register(URL, TYPE)
    emit_some(1)
    OutgoingEvent.objects.update(state=EventState.PARKED)
    answer = client.get(page("eventreceiver_change", row.pk))
    assert answer.status_code == 200
    assert "_ping" not in answer.content.decode()
    assert client.post(page("eventreceiver_change", row.pk), {"_secret": "1"}).status_code == 403
    for name in ("eventreceiver", "outgoingevent"):
        key = (EventReceiver if name == "eventreceiver" else OutgoingEvent).objects.get().pk
        action = "replay_parked" if name == "eventreceiver" else "replay"
        client.post(page(f"{name}_changelist"), {"action": action, "_selected_action": [key]})
    assert OutgoingEvent.objects.get().state == EventState.PARKED


@pytest.mark.parametrize(("name", "action"), [("eventreceiver", "replay_parked"), ("outgoingevent", "replay")])
def test_parked_events_are_sent_again(admin: Any, name: str, action: str) -> None:
    row = register(URL, TYPE)
    emit_some(3)
    OutgoingEvent.objects.update(state=EventState.PARKED, attempts=11, note="the receiver answered 400")
    listed = admin.get(page("outgoingevent_changelist"), {"state__exact": "parked"})
    assert "the receiver answered 400" in listed.content.decode()
    chosen = [row.pk] if name == "eventreceiver" else list(OutgoingEvent.objects.values_list("pk", flat=True))
    answer = admin.post(page(f"{name}_changelist"), {"action": action, "_selected_action": chosen}, follow=True)
    assert "3 events are in the queue again." in answer.content.decode()
    assert set(OutgoingEvent.objects.values_list("state", "attempts", "note")) == {("waiting", 0, "")}


def test_a_receiver_is_deleted_with_its_events(admin: Any) -> None:
    row = register(URL, TYPE)
    emit_some(3)
    address = page("eventreceiver_delete", row.pk)
    assert "3" in admin.get(address).content.decode()
    admin.post(address, {"post": "yes"})
    assert not OutgoingEvent.objects.exists()
    assert not EventReceiver.objects.exists()


def test_the_page_of_an_event_has_its_data(admin: Any) -> None:
    register(URL, TYPE)
    emit(TYPE, {"user_id": "<7>"}, key="7")
    text = admin.get(page("outgoingevent_change", OutgoingEvent.objects.get().pk)).content.decode()
    assert "&lt;7&gt;" in text
    assert "evt_" in text


def test_a_list_of_many_needs_few_queries(admin: Any, django_assert_max_num_queries: Any) -> None:
    for _ in range(5):
        register(URL, TYPE)
    emit_some(60)
    for name in ("eventreceiver_changelist", "outgoingevent_changelist"):
        with django_assert_max_num_queries(20):
            assert admin.get(page(name)).status_code == 200


def test_the_panel_and_the_metrics_tell_of_parked_ones(admin_user: Any, store: Any) -> None:
    def figure() -> Any:
        return next((one for one in read_today(admin_user).figures if one.name == "Events to be sent"), None)

    assert figure() is None
    register(URL, TYPE)
    assert figure().level == ""
    emit_some(3)
    OutgoingEvent.objects.filter(key="1").update(state=EventState.PARKED)
    OutgoingEvent.objects.filter(key="2").update(state=EventState.DELIVERED)
    found = figure()
    assert (found.value, found.note, found.level) == ("1", "1 parked", "warning")
    events, age = collect_events()
    assert {sample.labels["state"]: sample.value for sample in events.samples} == {"waiting": 1, "parked": 1}
    assert age.samples[0].value >= 0


def test_old_events_are_deleted() -> None:
    register(URL, TYPE)
    emit_some(6)
    now = utc_now()
    for key, state, age in (
        ("1", "delivered", RETENTION), ("2", "parked", RETENTION), ("3", "parked", LONGEST_RETENTION),
        ("4", "waiting", LONGEST_RETENTION),
    ):  # fmt: skip
        OutgoingEvent.objects.filter(key=key).update(state=state, created_at=now - age)
    OutgoingEvent.objects.filter(key="5").update(receiver=0)
    assert tidy_events(now=utc_now()) is False
    assert set(OutgoingEvent.objects.values_list("key", flat=True)) == {"2", "6"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("private_receivers", "store")
class TestCommand:
    def run(self, *args: str) -> str:
        call_command("kv_events", *args, stdout=(out := io.StringIO()), stderr=io.StringIO())
        return out.getvalue()

    def test_posts_all(self) -> None:
        with listening(TYPE) as (receiver, _):
            emit_some(70)
            assert self.run("--status") == "70 waiting, 0 parked.\n"
            assert self.run() == "70 posted; 0 waiting, 0 parked.\n"
            OutgoingEvent.objects.update(state=EventState.PARKED)
            assert self.run("--parked", "--receiver", "Shop") == (
                "70 parked events wait again.\n70 posted; 0 waiting, 0 parked.\n"
            )
        assert set(receiver.taken.values()) == {2}

    def test_fails_when_a_receiver_does(self) -> None:
        with listening(TYPE) as (receiver, _):
            receiver.answer = lambda _: 500
            emit_some(2)
            with pytest.raises(CommandError, match=r"Shop: .*answered 500"):
                self.run()

    def test_refuses_what_it_does_not_know(self) -> None:
        with pytest.raises(CommandError, match="no receiver"):
            self.run("--parked", "--receiver", "Nobody")
        with pytest.raises(CommandError, match="--parked"):
            self.run("--receiver", "Shop")
