"""Events reach each receiver at least once, signed as Standard Webhooks, whatever it and the others do."""

from __future__ import annotations

import json
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook

from kv.events import backoff, emit
from kv.events.delivery import Delivered, deliver_to
from kv.events.receivers import OVERLAP, end_old_secret, replace_secret, send_ping
from kv.events.upkeep import replay_events, replay_parked
from kv.models import EventReceiver, EventState, OutgoingEvent
from kv.times import utc_now
from tests.kv.event_receiver import TYPE, emit_some, listening, raw_receiver, register
from tests.outside import package, program

if TYPE_CHECKING:
    import socket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_receivers")]


def step(row: EventReceiver, *, after: float = 0) -> Delivered:
    done = deliver_to(row.pk, now=utc_now() + timedelta(seconds=after))
    assert done is not None
    return done


def states() -> list[str]:
    return list(OutgoingEvent.objects.order_by("pk").values_list("state", flat=True))


class TestFormat:
    def test_the_official_package_verifies_it(self) -> None:
        with listening(TYPE) as (receiver, row):
            at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
            emit(TYPE, {"user_id": "7", "name": "Zoé"}, key="7", at=at)
            assert step(row) == Delivered(sent=1)
        assert receiver.signed
        body = {"type": TYPE, "timestamp": "2026-01-02T03:04:05.678Z", "data": {"user_id": "7", "name": "Zoé"}}
        assert receiver.seen == [body]
        assert json.loads(receiver.bodies[0]) == body
        headers = receiver.headers[0]
        assert headers["Content-Type"] == "application/json"
        assert headers["webhook-signature"].startswith("v1,")
        assert headers["webhook-id"].startswith("evt_")
        assert states() == ["delivered"]

    def test_the_package_of_node_verifies_it(self) -> None:
        where = package("standardwebhooks")
        with listening(TYPE) as (receiver, row):
            emit(TYPE, {"user_id": "7", "name": "Zoé"}, key="7")
            step(row)
        script = f"""
            const {{Webhook}} = require({json.dumps(str(where))});
            const [secret, body, headers] = JSON.parse(require("fs").readFileSync(0, "utf8"));
            process.stdout.write(JSON.stringify(new Webhook(secret).verify(body, headers)));
        """
        given = json.dumps([row.secret, receiver.bodies[0].decode(), receiver.headers[0]])
        run = subprocess.run(
            [program("node"), "-e", script], input=given, capture_output=True, text=True, check=True, timeout=60
        )
        assert json.loads(run.stdout) == receiver.seen[0]

    def test_our_signature_is_the_package_s_own(self) -> None:
        with listening(TYPE) as (receiver, row):
            emit_some(1)
            step(row)
        headers = receiver.headers[0]
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        own = Webhook(row.secret).sign(headers["webhook-id"], at, receiver.bodies[0].decode())
        assert headers["webhook-signature"] == own

    def test_while_a_secret_is_replaced_both_verify(self) -> None:
        with listening(TYPE) as (receiver, row):
            old = row.secret
            new = replace_secret(row)
            assert old != new
            for secret in (old, new):
                receiver.secrets = [secret]
                emit_some(1, first=len(receiver.seen) + 1)
                step(row)
            assert [headers["webhook-signature"].count("v1,") for headers in receiver.headers] == [2, 2]
            end_old_secret(row)
            emit_some(1, first=9)
            step(row)
            assert receiver.headers[-1]["webhook-signature"].count("v1,") == 1
        assert receiver.signed

    def test_the_old_secret_ends_by_itself(self) -> None:
        with listening(TYPE) as (receiver, row):
            receiver.secrets = [replace_secret(row)]
            emit_some(1)
            step(row, after=OVERLAP.total_seconds() + 1)
            assert receiver.headers[0]["webhook-signature"].count("v1,") == 1
        assert receiver.signed

    def test_each_try_has_the_same_id_and_receivers_have_their_own(self) -> None:
        with listening(TYPE) as (one, row), listening(TYPE) as (other, other_row):
            emit_some(1)
            one.answer = lambda _: 500
            step(row)
            one.answer = lambda _: 200
            step(row, after=400)
            step(other_row)
        assert len({headers["webhook-id"] for headers in one.headers}) == 1
        assert one.headers[0]["webhook-id"] != other.headers[0]["webhook-id"]

    def test_a_ping_goes_to_one_receiver(self) -> None:
        with listening() as (receiver, row), listening(TYPE) as (other, _):
            send_ping(row)
            send_ping(row)
            assert step(row).sent == 2
            assert [event["type"] for event in receiver.seen] == ["test.ping"] * 2
            assert other.seen == []


class TestFailures:
    @pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
    def test_a_receiver_that_is_away_is_left_alone_longer_each_time(self, status: int) -> None:
        with listening(TYPE) as (receiver, row):
            emit_some(3)
            receiver.answer = lambda _: status
            assert str(status) in step(row).problem
            assert len(receiver.seen) == 1
            assert deliver_to(row.pk) is None, "it is paused"
            row.refresh_from_db()
            first = row.paused_until
            assert first is not None
            for number in range(1, 15):
                assert step(row, after=number * 1000).problem
            row.refresh_from_db()
            assert row.failures == 15
            assert str(status) in row.note
            assert row.paused_until is not None
            assert row.paused_until > first + timedelta(seconds=14_100)
            receiver.answer = lambda _: 200
            emit_some(1, first=4)
            assert step(row, after=15_000).sent == 1, "the others have been tried so often that they wait for hours"
            assert step(row, after=15_001).sent == 3, "but it is back, so they are due"
            assert [event["data"]["user_id"] for event in receiver.seen[-3:]] == ["1", "2", "3"]
            row.refresh_from_db()
            assert (row.failures, row.paused_until, row.note) == (0, None, "")

    def test_a_pause_that_is_asked_for_is_kept(self) -> None:
        def talk(connection: socket.socket, ended: threading.Event) -> None:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 429 Slow\r\nRetry-After: 1200\r\nContent-Length: 0\r\n\r\n")

        with raw_receiver(talk) as url:
            row = register(url, TYPE)
            emit_some(1)
            step(row)
        row.refresh_from_db()
        assert row.paused_until is not None
        assert row.paused_until > utc_now() + timedelta(seconds=1100)

    @pytest.mark.parametrize("status", [400, 401, 404, 301, 302, 307])
    def test_an_event_that_is_refused_stops_no_others(self, status: int) -> None:
        with listening(TYPE) as (receiver, row):
            emit_some(3)
            receiver.answer = lambda event: status if event["data"]["user_id"] == "1" else 200
            assert step(row) == Delivered(sent=2, refused=1)
            assert len(receiver.seen) == 3, "no redirect is followed"
            assert states() == ["waiting", "delivered", "delivered"]

    def test_who_refuses_everything_is_paused(self) -> None:
        with listening(TYPE) as (receiver, row):
            emit_some(3)
            receiver.answer = lambda _: 401
            assert step(row).problem
            assert deliver_to(row.pk) is None

    def test_an_event_is_parked_after_its_tries_and_can_be_sent_again(self) -> None:
        with listening(TYPE) as (receiver, row):
            emit_some(2)
            receiver.answer = lambda event: 400 if event["data"]["user_id"] == "1" else 200
            for number in range(backoff.TRIES):
                step(row, after=number * 90_000)
            assert states() == ["parked", "delivered"]
            event = OutgoingEvent.objects.get(state=EventState.PARKED)
            assert (event.attempts, event.note) == (backoff.TRIES, "the receiver answered 400")
            assert replay_parked() == 1
            receiver.answer = lambda _: 200
            later = backoff.TRIES * 90_000
            assert step(row, after=later).sent == 1
            assert replay_events(OutgoingEvent.objects.all()) == 2, "delivered ones too"
            step(row, after=later + 1)
            assert sorted(receiver.taken.values()) == [2, 2], "under the ids of before"

    def test_waits_are_those_of_the_schedule_and_never_the_same(self) -> None:
        waits = [backoff.next_try(attempts) for attempts in range(1, backoff.TRIES)]
        seconds = [wait.total_seconds() for wait in waits if wait]
        assert len(seconds) == len(backoff.SCHEDULE)
        assert all(low <= wait <= 1.2 * low for low, wait in zip(backoff.SCHEDULE, seconds, strict=True))
        assert (backoff.SCHEDULE[0], backoff.SCHEDULE[-1]) == (5, 12 * 3600)
        assert backoff.next_try(backoff.TRIES) is None
        assert len({backoff.pause(20) for _ in range(9)}) > 1

    def test_410_switches_it_off(self) -> None:
        with listening(TYPE) as (receiver, row):
            emit_some(2)
            receiver.answer = lambda _: 410
            step(row)
            row.refresh_from_db()
            assert not row.is_on
            assert len(receiver.seen) == 1
            emit_some(1, first=7)
            assert states() == ["waiting", "waiting"], "nothing more is written for it; what waits stays"

    def test_what_waits_while_it_is_off_is_sent_when_it_is_on(self) -> None:
        with listening(TYPE) as (_, row):
            emit_some(1)
            row.is_on = False
            row.save()
            assert deliver_to(row.pk) is None
            row.is_on = True
            row.save()
            assert step(row).sent == 1

    @pytest.mark.parametrize(
        "url",
        ["http://example.com/", "https://10.0.0.1/", "http://127.0.0.1:9/", "https://[::1]/", "https://localhost/",
         "https://169.254.169.254/latest"],
    )  # fmt: skip
    def test_nothing_is_posted_into_a_private_network(self, settings: Any, url: str) -> None:
        settings.EVENTS_ALLOW_PRIVATE = False
        row = register(url, TYPE)
        emit_some(1)
        assert step(row).problem
        row.refresh_from_db()
        assert row.note

    def test_a_claim_of_another_worker_is_kept_and_ends_by_itself(self) -> None:
        with listening(TYPE) as (_, row):
            emit_some(1)
            EventReceiver.objects.filter(pk=row.pk).update(claimed_until=utc_now() + timedelta(seconds=30))
            assert deliver_to(row.pk) is None
            assert step(row, after=31).sent == 1
