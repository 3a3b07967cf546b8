"""New codes: chosen, or made of a pattern; never one that exists or ever did; once for one id."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection

from codetags.errors import CodeExists, IdempotencyConflict, InvalidCode, NoCodesLeft, UnknownCode
from codetags.models import CodeTag, CopiedHits, DailyHits, FormerCode, MadeCodes
from codetags.services import code_patterns, registrations
from codetags.services.code_patterns import ALPHABET, draw_codes, usual_pattern
from codetags.services.former_codes import used_codes
from codetags.services.hits import record_hit
from codetags.services.registrations import change_code, make_codes, register_code
from codetags.services.registry import mirror_code, mirror_registry
from kv.errors import StoreUnavailable
from kv.times import utc_now
from tests.codetags.callers import staff, store_away

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _store(store: Any) -> None:
    """Each test has a store of its own."""


def refused(pattern: str, number: int = 1) -> tuple[str, int]:
    with pytest.raises(NoCodesLeft) as error:
        draw_codes(pattern, number)
    return error.value.reason, error.value.left


class TestPattern:
    @pytest.mark.parametrize(
        ("setting", "usual", "made"),
        [
            ("[A-Z0-9]{4}", "????", r"[A-Z2-9]{4}"),
            ("[A-Z]{2}[0-9]{4}", "??????", r"[A-Z]{2}[2-9]{4}"),
            ("QR-[0-9]{3}", "QR-???", r"QR-[2-9]{3}"),
            ("BT[0-9]{2}|DEMO", "????", r"BT[2-9]{2}"),
            ("[A-Z0-9]{4,8}", "????", r"[A-Z2-9]{4}"),
            (r"[A-Z]+-\d+", "?-?", r"[A-Z]-[2-9]"),
        ],
    )
    def test_follows_the_setting(self, setting: str, usual: str, made: str, settings: Any) -> None:
        settings.CODETAGS_PATTERN = setting
        assert usual_pattern() == usual
        for code in draw_codes(usual, 5):
            assert re.fullmatch(made, code)
            assert set(re.sub("^QR-", "", code)) & set("0O1IL") == set()

    def test_what_is_written_stays_and_the_rest_is_random(self) -> None:
        codes = draw_codes("bt?0", 20)
        assert len(set(codes)) == 20
        assert all(code.startswith("BT") and code.endswith("0") and code[2] in ALPHABET for code in codes)

    @pytest.mark.parametrize(
        ("pattern", "reason"),
        [("", "form"), ("BT?", "length"), ("?????", "length"), ("BT!?", "form"), ("BÄ??", "form"), ("?" * 99, "form")],
    )
    def test_one_that_no_code_has(self, pattern: str, reason: str) -> None:
        assert refused(pattern)[0] == reason

    def test_too_few_are_left(self) -> None:
        assert refused("BT2?", 32) == ("few", len(ALPHABET))
        CodeTag.objects.create(code="BT2A", label="x")
        assert refused("BT2?", len(ALPHABET)) == ("few", len(ALPHABET) - 1)
        assert len(draw_codes("BT2?", len(ALPHABET) - 1)) == len(ALPHABET) - 1
        assert refused("BT2A") == ("few", 0)

    def test_a_large_pattern_that_is_used_up(self) -> None:
        with patch.object(code_patterns, "used_codes", side_effect=set):
            assert refused("????", 5) == ("few", 0)


class TestNeverAgain:
    """Each place where a code may have left a trace."""

    @pytest.fixture
    def used(self) -> Iterator[Any]:
        def is_used() -> bool:
            return used_codes(["BT26", "BT27"]) == {"BT26"}

        assert used_codes(["BT26", "BT27"]) == set()
        yield is_used
        assert is_used()
        with pytest.raises(NoCodesLeft):
            draw_codes("BT26", 1)

    def test_in_the_registry(self, used: Any) -> None:
        CodeTag.objects.create(code="BT26", label="x")

    def test_deleted_from_it(self, used: Any, store: Any) -> None:
        CodeTag.objects.create(code="BT26", label="x").delete()
        store.flushall()

    def test_many_deleted_at_once(self, used: Any, store: Any) -> None:
        CodeTag.objects.create(code="BT26", label="x")
        CodeTag.objects.filter(code__startswith="B").delete()
        store.flushall()

    def test_deleted_by_sql(self, used: Any) -> None:
        """Only the mirror knows it, and then the registry's duty finds out."""
        CodeTag.objects.create(code="BT26", label="x")
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {CodeTag._meta.db_table}")
        assert used()
        mirror_registry()

    def test_deleted_before_there_was_a_table_for_that(self, used: Any) -> None:
        kind = ContentType.objects.get_for_model(CodeTag)
        LogEntry.objects.create(
            user=staff(), content_type=kind, object_id="1", object_repr="BT26 · Poster", action_flag=DELETION
        )

    def test_hit_though_nobody_registered_it(self, used: Any) -> None:
        record_hit(code="BT26", address="10.0.0.1", agent="Mozilla/5.0")

    def test_known_to_the_mirror_alone(self, used: Any) -> None:
        CodeTag.objects.create(code="BT26", label="x")
        mirror_code("BT26")
        FormerCode.objects.all().delete()

    def test_counted_on_a_day_that_the_store_has_lost(self, used: Any) -> None:
        DailyHits.objects.create(code="BT26", date=date(2026, 1, 1), count=1)

    def test_copied(self, used: Any) -> None:
        CopiedHits.objects.create(code="BT26", hits=1, last=date(2026, 1, 1), last_hits=1)

    def test_nobody_knows_while_the_store_is_away(self) -> None:
        with store_away(), pytest.raises(StoreUnavailable):
            make_codes("????", 1, {"label": "x"})
        assert not CodeTag.objects.exists()


class TestMake:
    def test_so_many_with_numbered_labels(self) -> None:
        codes = make_codes(
            "BT??", 12, {"label": "Tram stop {n} ({code})", "campaign": "Tram", "end": date(2026, 12, 31)},
            user_id=staff().pk,
        )  # fmt: skip
        tags = {tag.code: tag for tag in CodeTag.objects.select_related("campaign")}
        assert list(tags[codes[2]].label.partition(" (")) == ["Tram stop 3", " (", f"{codes[2]})"]
        assert {str(tag.campaign) for tag in tags.values()} == {"Tram"}
        assert {tag.end for tag in tags.values()} == {date(2026, 12, 31)}
        logged = LogEntry.objects.values_list("content_type__model", flat=True)
        assert (len(tags), sorted(logged)) == (12, ["campaign"] + ["codetag"] * 12)

    @pytest.mark.parametrize("number", [0, -1, 10_001])
    def test_a_number_out_of_range(self, number: int) -> None:
        with pytest.raises(ValueError, match="number"):
            make_codes("????", number, {"label": "x"})

    def test_what_is_wrong_is_named_and_nothing_is_made(self) -> None:
        with pytest.raises(InvalidCode) as error:
            make_codes("????", 3, {"label": "", "start": date(2026, 2, 2), "end": date(2026, 1, 1)})
        assert sorted(error.value.errors) == ["end", "label"]
        assert not CodeTag.objects.exists()

    def test_the_same_id_makes_them_once(self) -> None:
        mine, yours = staff().pk, staff(name="other").pk
        first = make_codes("????", 3, {"label": "x"}, user_id=mine, key="form-1")
        assert make_codes("????", 3, {"label": "x"}, user_id=mine, key="form-1") == first
        assert CodeTag.objects.count() == 3
        with pytest.raises(IdempotencyConflict):
            make_codes("????", 4, {"label": "x"}, user_id=mine, key="form-1")
        make_codes("????", 3, {"label": "x"}, user_id=yours, key="form-1")
        make_codes("????", 3, {"label": "x"}, user_id=mine)
        assert CodeTag.objects.count() == 9

    def test_an_id_is_forgotten_after_a_week(self) -> None:
        now, user_id = utc_now(), staff().pk
        register_code({"label": "x"}, user_id=user_id, key="a", now=now)
        register_code({"label": "x"}, user_id=user_id, key="b", now=now + timedelta(days=8))
        assert MadeCodes.objects.count() == 1

    def test_two_press_at_once(self) -> None:
        """Of 31 codes each takes fifteen: all are different, and each has its own."""
        start = threading.Barrier(2)

        def press(number: int) -> list[str]:
            start.wait()
            try:
                return make_codes("BT2?", 15, {"label": f"{number}"})
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            mine, yours = pool.map(press, (1, 2))
        assert len({*mine, *yours}) == 30
        assert {tag.code for tag in CodeTag.objects.filter(label="1")} == set(mine)

    def test_one_that_was_taken_between_the_look_and_the_write(self) -> None:
        drawn = iter([["BT26"], ["BT27"]])

        def draw(pattern: str, number: int) -> list[str]:
            codes = next(drawn)
            if codes == ["BT26"]:
                CodeTag.objects.create(code="BT26", label="somebody else's")
            return codes

        with patch.object(registrations, "draw_codes", draw):
            assert make_codes("BT??", 1, {"label": "x"}) == ["BT27"]


class TestRegister:
    def test_a_code_of_one_s_own_or_a_new_one(self) -> None:
        assert register_code({"code": "bt26", "label": "Poster"}) == "BT26"
        made = register_code({"label": "Poster"})
        assert re.fullmatch("[A-Z2-9]{4}", made)
        with pytest.raises(CodeExists):
            register_code({"code": "BT26", "label": "Poster"})

    def test_a_code_that_was_deleted_may_be_chosen_again(self) -> None:
        CodeTag.objects.create(code="BT26", label="x").delete()
        assert register_code({"code": "BT26", "label": "Poster"}) == "BT26"

    def test_the_same_id_adds_it_once(self) -> None:
        user_id = staff().pk
        for _ in range(2):
            assert register_code({"code": "BT26", "label": "Poster"}, user_id=user_id, key="a") == "BT26"
        with pytest.raises(IdempotencyConflict):
            register_code({"code": "BT27", "label": "Poster"}, user_id=user_id, key="a")

    def test_what_the_database_refuses_is_no_lack_of_codes(self) -> None:
        with pytest.raises(IntegrityError):
            register_code({"label": "Poster"}, user_id=999_999)

    def test_changes_what_is_named(self) -> None:
        register_code({"code": "BT26", "label": "Poster", "campaign": "Fair"})
        change_code("BT26", {"end": date(2026, 5, 31)})
        tag = CodeTag.objects.get()
        assert (tag.label, str(tag.campaign), tag.end) == ("Poster", "Fair", date(2026, 5, 31))
        change_code("BT26", {"campaign": ""})
        assert CodeTag.objects.get().campaign is None
        with pytest.raises(UnknownCode):
            change_code("NEWS", {"label": "x"})
        with pytest.raises(InvalidCode):
            change_code("BT26", {"label": ""})
