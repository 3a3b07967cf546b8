"""Plain rows are added, or replace the figures of those that are there."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from codetags.models import CopiedHits, DailyHits
from kv.sql.upserts import insert_rows, upsert_rows

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 31)


def upsert(*rows: tuple[str, date, int]) -> None:
    upsert_rows(DailyHits, ("code", "date", "count"), rows, unique=("code", "date"))


def found() -> dict[tuple[str, date], int]:
    return {(row.code, row.date): row.count for row in DailyHits.objects.all()}


def test_adds_and_replaces() -> None:
    DailyHits.objects.create(code="AAAA", date=DAY, count=3)
    DailyHits.objects.create(code="CCCC", date=DAY, count=4)
    upsert(("AAAA", DAY, 5), ("BBBB", DAY, 1))
    assert found() == {("AAAA", DAY): 5, ("BBBB", DAY): 1, ("CCCC", DAY): 4}


def test_more_rows_than_one_statement_has() -> None:
    rows = [("AAAA", DAY + timedelta(days=number), number) for number in range(2500)]
    upsert(*rows)
    upsert(*rows)
    assert found() == {(code, day): count for code, day, count in rows}


def test_no_rows() -> None:
    upsert()
    assert found() == {}


@pytest.mark.parametrize("text", ["%s", "'; --", 'a"b', "é", "~OTHER"])
def test_values_are_values(text: str) -> None:
    upsert((text, DAY, 2**62))
    assert found() == {(text, DAY): 2**62}


def test_a_primary_key_of_its_own() -> None:
    columns = ("code", "hits", "last", "last_hits")
    upsert_rows(CopiedHits, columns, [("AAAA", 1, DAY, 1), ("BBBB", 2, DAY, 2)], unique=("code",))
    upsert_rows(CopiedHits, columns, [("BBBB", 3, DAY, 3)], unique=("code",))
    assert dict(CopiedHits.objects.values_list("code", "hits")) == {"AAAA": 1, "BBBB": 3}


def test_a_refused_row_leaves_none() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        upsert(("AAAA", DAY, 1), ("BBBB", DAY, None))  # type: ignore[arg-type] # what the database must refuse
    assert found() == {}


def test_what_is_to_stay_stays_where_a_row_is_there() -> None:
    columns = ("code", "hits", "last", "last_hits")
    upsert_rows(CopiedHits, columns, [("AAAA", 1, DAY, 1)], unique=("code",))
    upsert_rows(CopiedHits, columns, [("AAAA", 2, DAY, 2), ("BBBB", 3, DAY, 3)], unique=("code",), keep=("last_hits",))
    assert list(CopiedHits.objects.order_by("code").values_list("hits", "last_hits")) == [(2, 1), (3, 3)]


def test_an_insert_takes_no_row_that_is_there() -> None:
    rows = [("AAAA", DAY, 1), ("BBBB", DAY, 2)]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(DailyHits, ("code", "date", "count"), [*rows, rows[0]])
    assert found() == {}
    insert_rows(DailyHits, ("code", "date", "count"), rows)
    assert found() == {(code, day): count for code, day, count in rows}
