"""Staff set up a receiver of events in the admin: secret, test event, replaced secret, replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from playwright.sync_api import expect

from kv.events.delivery import deliver_to
from kv.models import EventReceiver, EventState, OutgoingEvent
from tests.browser.test_dashboard import sign_in
from tests.codetags.receiver import served
from tests.kv.event_receiver import StandardReceiver, emit_some

if TYPE_CHECKING:
    from playwright.sync_api import Page

RECEIVERS = "/admin/kv/eventreceiver/"


def test_a_receiver_is_set_up_and_tried(site: str, quiet_page: Page, private_receivers: None) -> None:
    page = quiet_page
    sign_in(page, site, User.objects.create_superuser("owner", password="a long password"))
    with served(StandardReceiver()) as receiver:
        page.goto(f"{site}{RECEIVERS}add/")
        page.get_by_label("Name").fill("Shop")
        page.get_by_label("URL").fill("http://192.0.2.1/")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Nothing can be sent there.")).to_be_visible()
        page.get_by_label("URL").fill(receiver.url)
        page.get_by_label("user.created").check()
        page.get_by_role("button", name="Save and continue editing").click()
        secret = page.locator(".messagelist code").inner_text()
        receiver.secrets = [secret]
        page.get_by_role("button", name="Save and send a test event").click()
        expect(page.get_by_text("A test event is on its way.")).to_be_visible()
        expect(page.get_by_text(secret)).to_have_count(0)
        row = EventReceiver.objects.get()
        deliver_to(row.pk)
        page.get_by_role("button", name="Save and replace the secret").click()
        expect(page.locator(".messagelist code")).not_to_have_text(secret)
        expect(page.get_by_role("button", name="Save and end the old secret")).to_be_visible()
        emit_some(3)
        deliver_to(row.pk)
        assert receiver.signed, "the old secret verifies, too"
        assert [event["type"] for event in receiver.seen] == ["test.ping", *["user.created"] * 3]
        OutgoingEvent.objects.filter(type="user.created").update(
            state=EventState.PARKED, attempts=11, note="the receiver answered 400"
        )
        page.goto(f"{site}/admin/")
        page.get_by_role("link", name="Events to be sent").click()
        page.locator("#action-toggle").check()
        page.get_by_label("Action").first.select_option("replay")
        page.get_by_role("button", name="Go").click()
        expect(page.get_by_text("3 events are in the queue again.")).to_be_visible()
        page.goto(f"{site}{RECEIVERS}")
        expect(page.get_by_role("row", name="Shop")).to_contain_text("3")
