"""Many codes written to the registry at once: added, changed, left alone, refused by row and field."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.utils import formats, translation

from codetags import keys
from codetags.models import Campaign, CodeTag
from codetags.services.code_cells import COLUMNS
from codetags.services.code_imports import import_codes
from kv.web.tables import Row, read_table
from tests.codetags.callers import staff

if TYPE_CHECKING:
    from collections.abc import Callable

    from codetags.services.code_plans import CodePlan

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _store(store: Any) -> None:
    """Each test has a store of its own."""


def rows(text: str) -> list[Row]:
    return list(read_table(text.encode(), COLUMNS, key="code").rows)


def load(text: str, **options: Any) -> CodePlan:
    return import_codes(rows(text), **options)


def errors(plan: CodePlan) -> dict[int, list[str]]:
    return {row.row: sorted(row.errors) for row in plan.wrong}


def kept() -> dict[str, str]:
    return dict(CodeTag.objects.values_list("code", "label"))


class TestWrites:
    def test_adds_what_is_new_and_changes_what_exists(self, store: Any) -> None:
        clerk = staff()
        old = CodeTag.objects.create(code="BT26", label="Poster", note="By the door")
        plan = load(
            "code,label,campaign,start,end,archived\n"
            "bt26,Banner,Fair,2026-05-01,2026-05-31,1\n"
            "NEWS,Newsletter,fair,,,\n",
            user_id=clerk.pk,
        )
        assert [(row.code, row.is_new, row.changed) for row in plan.rows] == [
            ("BT26", False, ("label", "campaign", "start", "end", "archived")),
            ("NEWS", True, ("label", "campaign")),
        ]
        old.refresh_from_db()
        assert (old.label, old.note, old.start, old.archived) == ("Banner", "By the door", date(2026, 5, 1), True)
        assert old.created_by is None, "who made it stays"
        new = CodeTag.objects.get(code="NEWS")
        assert new.created_by == clerk
        assert [str(old.campaign), str(new.campaign), plan.campaigns] == ["Fair", "Fair", ("Fair",)]
        assert store.hgetall(keys.registry()) == {b"BT26": b"2026-05-01|2026-05-31|1", b"NEWS": b"||0"}

    def test_once_more_changes_nothing(self) -> None:
        text = "code,label,campaign,end\nBT26,Poster,Fair,2026-05-31\nNEWS,Letter,,\n"
        load(text)
        before = list(CodeTag.objects.values())
        plan = load(text)
        assert (plan.new, plan.updates, plan.wrong, plan.campaigns) == ([], [], [], ())
        assert list(CodeTag.objects.values()) == before

    def test_a_column_that_is_missing_stays_and_an_empty_cell_empties(self) -> None:
        CodeTag.objects.create(
            code="BT26", label="Poster", note="x", start=date(2026, 1, 1), campaign=Campaign.objects.create(name="Fair")
        )
        load("code,note,campaign\nBT26,,\n")
        tag = CodeTag.objects.get()
        assert (tag.label, tag.note, tag.start, tag.campaign) == ("Poster", "", date(2026, 1, 1), None)

    def test_dry_run_writes_nothing(self) -> None:
        plan = load("code,label,campaign\nBT26,Poster,Fair\n", dry_run=True)
        assert len(plan.new) == 1
        assert not CodeTag.objects.exists()
        assert not Campaign.objects.exists()

    def test_aliases_may_count_for_what_is_new_too(self) -> None:
        load("code,label,counts_for\nBT27,Second,bt26\nBT26,First,\n")
        assert CodeTag.objects.get(code="BT27").counts_for == CodeTag.objects.get(code="BT26")
        # They change places: what is checked is how things are in the end.
        load("code,counts_for\nBT27,\nBT26,BT27\n")
        assert CodeTag.objects.get(code="BT26").counts_for == CodeTag.objects.get(code="BT27")

    def test_a_code_of_an_older_pattern_can_still_be_changed(self, settings: Any) -> None:
        CodeTag.objects.create(code="OLDER1", label="Poster")
        assert not load("code,label\nOLDER1,Banner\n").wrong
        assert kept() == {"OLDER1": "Banner"}


class TestLog:
    def test_has_an_entry_for_each_code_that_changed(self) -> None:
        clerk = staff()
        CodeTag.objects.create(code="BT26", label="Poster")
        CodeTag.objects.create(code="SAME", label="Same")
        load("code,label,end\nBT26,Banner,2026-05-31\nSAME,Same,\nNEWS,Letter,\n", user_id=clerk.pk)
        entries = {entry.object_repr: entry for entry in LogEntry.objects.filter(user=clerk)}
        assert {name: entry.action_flag for name, entry in entries.items()} == {
            "BT26 · Banner": CHANGE,
            "NEWS · Letter": ADDITION,
        }
        assert entries["BT26 · Banner"].object_id == str(CodeTag.objects.get(code="BT26").pk)
        assert entries["BT26 · Banner"].get_edited_object() == CodeTag.objects.get(code="BT26")
        assert str(entries["BT26 · Banner"].get_change_message()) == "Changed label and counted until."
        with translation.override("de"):
            assert "Bezeichnung" in entries["BT26 · Banner"].get_change_message()

    def test_has_an_entry_for_a_campaign_that_was_made_by_naming_it(self) -> None:
        clerk = staff()
        Campaign.objects.create(name="Fair")
        load("code,label,campaign\nBT26,x,Fair\nNEWS,x,Tram\nMORE,x,Tram\n", user_id=clerk.pk)
        entries = LogEntry.objects.filter(user=clerk, content_type__model="campaign")
        assert [(entry.action_flag, entry.object_repr) for entry in entries] == [(ADDITION, "Tram")]
        assert entries[0].get_edited_object() == Campaign.objects.get(name="Tram")


class TestRefuses:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("code,label\nBT2,x\n", ["code"]),
            ("code,label\n,x\n", ["code"]),
            ("code,label\nBT26,\n", ["label"]),
            ("code\nBT26\n", ["label"]),
            (f"code,label\nBT26,{'x' * 121}\n", ["label"]),
            ("code,label\nBT26,a\x07b\n", ["label"]),
            ("code,label,start\nBT26,x,soon\n", ["start"]),
            ("code,label,start\nBT26,x,2026-02-30\n", ["start"]),
            ("code,label,start\nBT26,x,05/24/2026\n", ["start"]),
            ("code,label,start,end\nBT26,x,2026-02-02,2026-02-01\n", ["end"]),
            ("code,label,archived\nBT26,x,perhaps\n", ["archived"]),
            ("code,label,counts_for\nBT26,x,NONE\n", ["counts_for"]),
            ("code,label,counts_for\nBT26,x,BT26\n", ["counts_for"]),
            ("code,label\nBT26,x,more\n", ["row"]),
            (f"code,label,campaign\nBT26,x,{'y' * 121}\n", ["campaign"]),
        ],
    )
    def test_names_the_row_and_the_field(self, text: str, expected: list[str]) -> None:
        plan = load(text)
        assert errors(plan) == {2: expected}
        assert all(sentence for found in plan.wrong[0].errors.values() for sentence in found)
        assert not CodeTag.objects.exists()

    def test_a_code_that_is_there_twice(self) -> None:
        plan = load("code,label\nBT26,a\n\nbt26,b\n")
        assert plan.wrong[0].errors == {"code": ["The code is in row 2 already."]}
        assert plan.wrong[0].row == 4, "as a spreadsheet numbers them, empty rows too"

    def test_everything_or_nothing(self) -> None:
        text = "code,label\nBT26,Poster\nBT2,wrong\n"
        assert errors(load(text)) == {3: ["code"]}
        assert kept() == {}
        plan = load(text, skip_wrong=True)
        assert (errors(plan), kept()) == ({3: ["code"]}, {"BT26": "Poster"})

    def test_an_alias_of_what_is_refused_is_refused_too(self) -> None:
        text = "code,label,counts_for\nBT27,b,BT26\nBT28,c,BT27\nBT26,,\n"
        assert errors(load(text, skip_wrong=True)) == {2: ["counts_for"], 3: ["counts_for"], 4: ["label"]}
        assert kept() == {}

    def test_no_code_counts_for_an_alias(self) -> None:
        first = CodeTag.objects.create(code="BT26", label="a")
        CodeTag.objects.create(code="BT27", label="b", counts_for=first)
        CodeTag.objects.create(code="BT28", label="c")
        assert errors(load("code,counts_for\nBT26,BT28\n")) == {2: ["counts_for"]}
        assert errors(load("code,counts_for\nBT28,BT27\n")) == {2: ["counts_for"]}


@pytest.mark.parametrize(
    ("language", "day"), [("fr", "31/05/2026"), ("es", "31/05/2026"), ("en", "31.05.2026"), ("en", "31/05/2026")]
)
def test_days_are_read_as_the_language_writes_them(language: str, day: str) -> None:
    with translation.override(language):
        assert not load(f"code,label,start\nBT26,x,{day}\n").wrong
    assert CodeTag.objects.get().start == date(2026, 5, 31)


def test_a_language_with_both_orders_gets_no_guess(settings: Any) -> None:
    settings.FORMAT_MODULE_PATH = None  # English as Django has it: the month may come first
    formats.reset_format_cache()
    try:
        assert errors(load("code,label,start\nBT26,x,05/04/2026\n")) == {2: ["start"]}
    finally:
        formats.reset_format_cache()


@pytest.mark.parametrize("spelled", ["1", "true", "WAHR", "vrai", "VERDADERO", "yes"])
def test_yes_is_read_as_spreadsheets_of_four_languages_write_it(spelled: str) -> None:
    load(f"code,label,archived\nBT26,x,{spelled}\n")
    assert CodeTag.objects.get().archived


def test_few_queries_whatever_the_number(django_assert_max_num_queries: Callable[..., Any]) -> None:
    text = "code,label\n" + "".join(f"A{number:03},Poster\n" for number in range(900))
    with django_assert_max_num_queries(40):
        load(text)
    with django_assert_max_num_queries(40):
        load(text.replace("Poster", "Banner"))
    assert set(kept().values()) == {"Banner"}


def test_few_queries_where_each_row_names_a_new_campaign(django_assert_max_num_queries: Callable[..., Any]) -> None:
    clerk = staff()
    text = "code,label,campaign\n" + "".join(f"A{number:03},Poster,Stop {number}\n" for number in range(600))
    with django_assert_max_num_queries(40):
        load(text, user_id=clerk.pk)
    assert set(CodeTag.objects.values_list("code", "campaign__name")) == {
        (f"A{at:03}", f"Stop {at}") for at in range(600)
    }
    entries = LogEntry.objects.filter(user=clerk, content_type__model="campaign")
    assert {(entry.object_id, entry.object_repr) for entry in entries} == {
        (str(campaign.pk), campaign.name) for campaign in Campaign.objects.all()
    }


def test_where_one_of_the_campaigns_is_there_meanwhile_each_is_made_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    make = Campaign.objects.bulk_create

    def too_late(rows: Any, **options: Any) -> Any:
        Campaign.objects.create(name="Tram")
        return make(rows, **options)

    monkeypatch.setattr(Campaign.objects, "bulk_create", too_late)
    load("code,label,campaign\nBT26,x,Fair\nNEWS,x,Tram\n")
    assert set(CodeTag.objects.values_list("code", "campaign__name")) == {("BT26", "Fair"), ("NEWS", "Tram")}
