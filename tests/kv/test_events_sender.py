"""Receivers of events are served at once: a slow or dead one delays no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kv.events.sender import Sender
from kv.models import EventState, OutgoingEvent
from tests.kv.event_receiver import TYPE, emit_some, listening, raw_receiver, register

if TYPE_CHECKING:
    import socket
    import threading

pytestmark = pytest.mark.usefixtures("private_receivers")


@pytest.mark.django_db(transaction=True)
class TestManyReceivers:
    def test_a_slow_one_delays_no_other(self) -> None:
        def talk(connection: socket.socket, ended: threading.Event) -> None:
            connection.recv(65536)
            ended.wait(30)

        with raw_receiver(talk) as url, listening(TYPE) as (receiver, row):
            for _ in range(3):
                register(url, TYPE)
            emit_some(120)
            sender = Sender()
            while OutgoingEvent.objects.filter(receiver=row.pk).exclude(state=EventState.DELIVERED).exists():
                assert sender.step()
            # The three that are slow are still at their first event.
            assert set(OutgoingEvent.objects.exclude(receiver=row.pk).values_list("state", flat=True)) == {"waiting"}
        assert [event["data"]["user_id"] for event in receiver.seen] == [str(number) for number in range(1, 121)]
        while sender.step():
            pass

    def test_two_workers_post_each_event_once(self) -> None:
        with listening(TYPE) as (receiver, _):
            emit_some(60)
            senders = [Sender(), Sender()]
            while senders[0].step() | senders[1].step():
                pass
        assert len(receiver.taken) == 60
        assert set(receiver.taken.values()) == {1}
