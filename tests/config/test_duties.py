"""Expired sessions and old wrong log-ins go, in short steps; the others stay."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from config import duties
from config.duties import clear_attempts, clear_sessions
from config.models import EmailAddress, OpenSession
from kv.work.duties import run_duty
from tests.site_client import SiteClient

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


@pytest.fixture
def sessions() -> Callable[[int, timedelta], None]:
    """Makes so many, that expire so long from now."""

    def make(many: int, expire_in: timedelta) -> None:
        for _ in range(many):
            session = SessionStore()
            session.create()
            Session.objects.filter(pk=session.session_key).update(expire_date=timezone.now() + expire_in)

    return make


def test_addresses_whose_link_is_too_old_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "STEP", 2)
    now = timezone.now()
    for number, (hours, verified_at) in enumerate([(25, None), (26, None), (99, None), (23, None), (99, now)]):
        user = User.objects.create_user(f"u{number}")
        address = f"u{number}@example.org"
        EmailAddress.objects.create(
            user=user, address=address, key=address, asked_at=now - timedelta(hours=hours), verified_at=verified_at
        )
    duty = next(duty for duty in duties.DUTIES if duty.name == "site_addresses")
    assert [duty.run(), duty.run()] == [True, False]
    assert sorted(EmailAddress.objects.values_list("address", flat=True)) == ["u3@example.org", "u4@example.org"]


def test_only_the_expired_go(sessions: Callable[[int, timedelta], None]) -> None:
    sessions(3, timedelta(seconds=-1))
    sessions(2, timedelta(hours=1))
    assert clear_sessions() is False
    assert Session.objects.count() == 2
    assert not Session.objects.filter(expire_date__lt=timezone.now()).exists()


def test_many_take_several_steps(
    sessions: Callable[[int, timedelta], None], monkeypatch: pytest.MonkeyPatch, store: Any
) -> None:
    monkeypatch.setattr(duties, "STEP", 4)
    sessions(9, timedelta(days=-1))
    duty = duties.DUTIES[0]
    left = []
    while run_duty(duty, due_only=True):
        left.append(Session.objects.count())
    assert left == [5, 1]
    assert Session.objects.count() == 0


def test_the_records_of_all_sessions_are_compared_once_not_in_each_step(
    sessions: Callable[[int, timedelta], None], monkeypatch: pytest.MonkeyPatch, django_user_model: Any
) -> None:
    monkeypatch.setattr(duties, "STEP", 4)
    ada = django_user_model.objects.create_user("ada")
    sessions(9, timedelta(days=-1))
    sessions(2, timedelta(hours=1))
    for key in [*Session.objects.values_list("pk", flat=True), "gone"]:
        OpenSession.objects.create(session_key=key, user=ada, seen_at=timezone.now())
    left = []
    while True:
        more = clear_sessions()
        left.append(OpenSession.objects.count())
        if not more:
            break
    assert left == [8, 4, 2], "a step takes those of its sessions; the last one also what else is left"


def test_wrong_log_ins_go_when_they_keep_nobody_out() -> None:
    for number in range(3):
        SiteClient().post("/accounts/login", {"username": f"name{number}", "password": "wrong"})
    assert clear_attempts() is False
    assert AccessAttempt.objects.count() == 3
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert clear_attempts() is False
    assert not AccessAttempt.objects.exists()


def test_the_worker_knows_them() -> None:
    out = StringIO()
    call_command("work", "--list", stdout=out)
    assert "site_sessions: every 86400 s; lease 60 s" in out.getvalue()
    assert "site_attempts: every 3600 s; lease 60 s" in out.getvalue()
