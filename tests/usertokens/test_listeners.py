"""Sign-ups, log-ins and deletions go through, whatever a project's ids look like."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model

from usertokens.services import listeners
from usertokens.signals import account_closing

pytestmark = pytest.mark.usefixtures("store")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["a{b}c", "}{", "{}"])
def test_an_id_that_no_key_can_carry_stops_nobody(
    key: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_closing, "receivers", [])  # of this site, whose users have numbers
    account_closing.sender_receivers_cache.clear()
    user = SimpleNamespace(pk=key)
    listeners.on_user_saved(get_user_model(), user, created=True)
    listeners.on_logged_in(get_user_model(), user)
    listeners.on_user_deleted(get_user_model(), user)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3
