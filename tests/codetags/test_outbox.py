"""Counted hits reach the receiver of the outgoing webhook at least once, signed, and never slow down a landing."""

from __future__ import annotations

import io
import logging
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from codetags import checks, keys
from codetags.services import outbox
from codetags.services.hits import record_hit
from tests.codetags.receiver import SECRET, Receiver, receiving, slow_receiver
from tests.faults.certificates import make_certificates

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def receiver(store: Any) -> Iterator[Receiver]:
    with receiving() as receiver, override_settings(**settings_of(receiver.url)):
        yield receiver


def record(number: int, first: int = 0) -> None:
    for visitor in range(first, first + number):
        record_hit(code="DEMO", address=f"10.0.{visitor // 250}.{visitor % 250}", agent="Mozilla/5.0")


def settings_of(url: str, *, timeout: float = 5.0) -> dict[str, Any]:
    return {
        "QR_ANALYTICS_EXTERNAL_URL": url,
        "QR_ANALYTICS_EXTERNAL_SECRET": SECRET,
        "QR_ANALYTICS_EXTERNAL_TIMEOUT": timeout,
        "RATE_LIMITS": None,
    }


def later(seconds: float = 400) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


class TestDelivery:
    def test_each_counted_hit_is_posted_signed(self, receiver: Receiver) -> None:
        record(3)
        record(1)  # seen before: not counted, not posted
        assert outbox.outbox_state().waiting == 3
        step = outbox.deliver_events()
        assert (step.sent, step.more, step.problem) == (3, False, "")
        assert [set(event) for event in receiver.seen] == [{"code", "timestamp", "id"}] * 3
        event = receiver.seen[0]
        assert event["code"] == "DEMO"
        at = datetime.fromisoformat(event["timestamp"])
        assert at.tzinfo == UTC
        assert abs((at - timezone.now()).total_seconds()) < 60
        assert len({event["id"] for event in receiver.seen}) == 3
        assert receiver.signed
        assert receiver.headers[0]["Content-Type"] == "application/json"
        assert outbox.outbox_state().waiting == 0

    def test_steps_are_short_and_say_that_more_waits(self, receiver: Receiver) -> None:
        record(outbox.STEP + 1)
        assert outbox.deliver_events().more is True
        assert outbox.deliver_events().sent == 1

    def test_without_an_address_nothing_waits(self, store: Any) -> None:
        record(1)
        assert outbox.outbox_state().waiting == 0
        assert outbox.deliver_events().sent == 0
        with pytest.raises(CommandError, match="QR_ANALYTICS_EXTERNAL_URL"):
            call_command("codetags_deliver")

    @pytest.mark.parametrize("status", [500, 503, 429, 408])
    def test_a_receiver_that_is_away_puts_all_off(self, receiver: Receiver, status: int) -> None:
        record(3)
        receiver.answer = lambda _: status
        assert str(status) in outbox.deliver_events().problem
        assert len(receiver.seen) == 1
        state = outbox.outbox_state()
        assert (state.waiting, state.failures) == (3, 1)
        assert state.next_try is not None
        assert state.next_try > timezone.now() - timedelta(seconds=5)
        assert outbox.deliver_events(now=timezone.now() - timedelta(seconds=9)).sent == 0
        assert len(receiver.seen) == 1, "not before the pause is over"
        receiver.answer = lambda _: 200
        assert outbox.deliver_events(now=later()).sent == 3
        assert outbox.outbox_state().failures == 0

    def test_pauses_grow_to_300_seconds_and_are_never_the_same(self, receiver: Receiver) -> None:
        record(1)
        receiver.answer = lambda _: 500
        run = outbox.pause_outbox_script.run
        with (
            override_settings(QR_ANALYTICS_EXTERNAL_MAX_TRIES=100),
            patch.object(outbox.pause_outbox_script, "run", side_effect=run) as paused,
        ):
            for _ in range(14):
                before = timezone.now()
                outbox.deliver_events(now=later())
                after = timezone.now()
                pause = timedelta(milliseconds=paused.call_args.args[1][1])
                due = outbox.outbox_state().next_try
                assert due is not None
                # The server counts from its own clock, in whole milliseconds.
                assert before + pause - timedelta(milliseconds=1) <= due <= after + pause
        pauses = [call.args[1][1] for call in paused.call_args_list]
        assert 500 <= pauses[0] <= 1000
        assert all(150_000 <= pause <= 300_000 for pause in pauses[10:])
        assert len(set(pauses[10:])) > 1

    @pytest.mark.parametrize("status", [400, 404, 301, 302, 307])
    def test_a_refused_hit_goes_behind_the_others(self, receiver: Receiver, status: int) -> None:
        record(3)
        first = outbox.read_event(outbox._read(1)[0][0]).id
        receiver.answer = lambda event: status if event["id"] == first else 200
        assert outbox.deliver_events().sent == 2
        assert outbox.outbox_state().waiting == 1
        assert len(receiver.seen) == 3, "no redirect is followed"

    def test_parks_after_so_many_tries(self, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
        record(1)
        receiver.answer = lambda _: 400
        with override_settings(QR_ANALYTICS_EXTERNAL_MAX_TRIES=3):
            steps = [outbox.deliver_events(now=later()) for _ in range(4)]
        assert [step.parked for step in steps] == [0, 0, 1, 0]
        state = outbox.outbox_state()
        assert (state.waiting, state.parked) == (0, 1)
        assert "is parked after 3 tries" in caplog.text
        receiver.answer = lambda _: 200
        call_command("codetags_deliver", parked=True, stdout=(out := io.StringIO()), stderr=io.StringIO())
        assert out.getvalue().startswith("1 parked hits wait again.\n1 posted, 0 parked now; 0 wait")

    def test_an_unparked_hit_has_all_its_tries_again(self, receiver: Receiver) -> None:
        record(1)
        receiver.answer = lambda _: 400
        with override_settings(QR_ANALYTICS_EXTERNAL_MAX_TRIES=3):
            for _ in range(2):
                assert [outbox.deliver_events(now=later()).parked for _ in range(3)] == [0, 0, 1]
                assert outbox.unpark_events() == 1

    def test_a_full_outbox_drops_the_oldest_and_says_so(
        self, receiver: Receiver, caplog: pytest.LogCaptureFixture
    ) -> None:
        with override_settings(QR_ANALYTICS_EXTERNAL_MAX_WAITING=2):
            record(5)
        state = outbox.outbox_state()
        assert (state.waiting, state.dropped) == (2, 3)
        with caplog.at_level(logging.ERROR):
            outbox.deliver_events()
            record(1, first=5)
            outbox.deliver_events()
        assert caplog.text.count("3 of the oldest hits were dropped") == 1

    def test_a_dead_receiver_is_no_matter_to_a_landing(self, store: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            with override_settings(**settings_of(url, timeout=0.2)):
                began = timezone.now()
                record(20)
                assert (timezone.now() - began).total_seconds() < 5
                assert "TimeoutError" in outbox.deliver_events().problem
        assert outbox.outbox_state().waiting == 20

    @pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-Word: "], ids=["a status", "a heading"])
    def test_a_receiver_that_drips_its_answer_is_away(self, store: Any, head: bytes) -> None:
        with slow_receiver(head) as url, override_settings(**settings_of(url, timeout=0.3)):
            record(2)
            began = time.monotonic()
            assert "TimeoutError" in outbox.deliver_events().problem
            assert time.monotonic() - began < 10, "the seconds are for the POST as a whole, not for each byte of it"
        assert outbox.outbox_state().waiting == 2

    @pytest.mark.parametrize(
        "word",
        [
            "Content-Length: 1000", "Transfer-Encoding: chunked", "Connection: close",
            "Transfer-Encoding: chunked\r\n\r\n-5",
        ],
    )  # fmt: skip
    def test_of_an_answer_the_status_is_enough(self, store: Any, word: str) -> None:
        with (
            slow_receiver(f"HTTP/1.1 200 OK\r\n{word}\r\n\r\n".encode()) as url,
            override_settings(**settings_of(url, timeout=5)),
        ):
            record(2)
            began = time.monotonic()
            assert outbox.deliver_events().sent == 2
            assert time.monotonic() - began < 10
        assert outbox.outbox_state().waiting == 0

    @pytest.mark.parametrize("is_chunked", [False, True])
    def test_all_hits_of_a_step_go_over_one_line(self, receiver: Receiver, is_chunked: bool) -> None:
        receiver.is_chunked = is_chunked
        record(5)
        assert outbox.deliver_events().sent == 5
        assert receiver.connections == 1

    def test_goes_by_tls_to_who_has_a_certificate(
        self, store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = make_certificates(tmp_path)
        with receiving(made.server) as receiver, override_settings(**settings_of(receiver.url)):
            record(3)
            assert "SSLCertVerificationError" in outbox.deliver_events().problem
            monkeypatch.setenv("SSL_CERT_FILE", str(made.authority.certificate))
            assert outbox.deliver_events(now=later()).sent == 3
            assert (len(receiver.taken), receiver.signed) == (3, True)

    def test_the_command_delivers_all(self, receiver: Receiver) -> None:
        record(120)
        call_command("codetags_deliver", stdout=(out := io.StringIO()), stderr=io.StringIO())
        assert out.getvalue() == "120 posted, 0 parked now; 0 wait, 0 are parked, 0 were dropped since the beginning.\n"
        assert len(receiver.taken) == 120
        assert set(receiver.taken.values()) == {1}

    def test_the_command_fails_when_the_receiver_does(self, receiver: Receiver) -> None:
        record(1)
        receiver.answer = lambda _: 500
        with pytest.raises(CommandError, match="answered 500"):
            call_command("codetags_deliver", stdout=io.StringIO(), stderr=io.StringIO())

    def test_no_tries_are_remembered_of_what_is_done(self, receiver: Receiver, store: Any) -> None:
        record(1)
        receiver.answer = lambda _: 500
        outbox.deliver_events()
        receiver.answer = lambda _: 200
        outbox.deliver_events(now=later())
        assert store.exists(keys.outbox_tries()) == 0

    def test_nothing_is_posted_unsigned(self, receiver: Receiver) -> None:
        with override_settings(QR_ANALYTICS_EXTERNAL_SECRET=""):
            record(1)
            assert "SECRET" in outbox.deliver_events().problem
            assert [error.id for error in checks.check_outgoing_webhook(None)] == ["codetags.E002"]
        assert receiver.seen == []
