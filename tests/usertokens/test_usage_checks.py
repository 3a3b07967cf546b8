"""`usertokens_check` holds usage against journal and archive, and sets it from there."""

from __future__ import annotations

from io import StringIO
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from kv.days import local_day
from tests.usertokens.journals import DAY, site, site_of_users, spent_today, walk
from usertokens.models import Usage, UserUsage
from usertokens.services import balances, journal, uses

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("midday")]


def check(*args: str) -> str:
    out = StringIO()
    call_command("usertokens_check", *args, stdout=out, stderr=StringIO(), verbosity=0)
    return out.getvalue()


@pytest.fixture
def four(ada: str, bob: str) -> str:
    """ada's four uses, of which the first two are archived and the last is not added up; bob's one."""
    for amount in (1, 2):
        balances.spend_tokens(ada, amount)
    journal.archive_journal(ada, older_than=None)
    balances.spend_tokens(ada, 4)
    balances.spend_tokens(bob, 16)
    walk()
    balances.spend_tokens(ada, 8)
    return ada


def test_nothing_is_wrong(four: str) -> None:
    assert "usage of 0 differed" in check()


@pytest.mark.parametrize("field", ["count", "quantity", "spent"])
@pytest.mark.parametrize("by", [1, -1])
def test_a_wrong_row(four: str, field: str, by: int) -> None:
    before = site()
    for rows in (UserUsage.objects.filter(user_id=four), Usage.objects):
        rows.update(**{field: F(field) + by})
    with pytest.raises(CommandError):
        check()
    assert f"user {four}: usage repaired" in check("--repair")
    assert "usage of 0 differed" in check()
    assert site() == before == site_of_users()
    walk()
    assert spent_today() == 31


@pytest.mark.parametrize("what", ["missing", "another"])
def test_rows_too_few_and_too_many(four: str, what: str) -> None:
    if what == "missing":
        UserUsage.objects.filter(user_id=four).delete()
        Usage.objects.update(count=F("count") - 3, quantity=F("quantity") - 3, spent=F("spent") - 7)
    else:
        for model, more in ((UserUsage, {"user_id": four}), (Usage, {})):
            model.objects.create(date=DAY, action="image", count=1, quantity=1, spent=1, **more)
    with pytest.raises(CommandError):
        check(four)
    check("--repair", four)
    assert "usage of 0 differed" in check()
    today = local_day().isoformat()
    assert {key: sums for key, sums in site().items() if any(sums)} == {(today, ""): (4, 4, 23)}


def test_a_long_journal(four: str) -> None:
    with patch.object(uses, "READ", 2):
        assert "usage of 0 differed" in check()
