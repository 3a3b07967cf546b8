"""A code that exists keeps its name; another may count for it. The store follows each change as it commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from codetags import keys
from codetags.errors import BadAlias, CodeIsFixed
from codetags.models import CodeTag, Placement
from codetags.services import hits, registry
from codetags.services.breakdowns import list_placements, read_breakdown
from codetags.services.counts import get_code
from codetags.services.excluded_hits import exclude_hit
from codetags.services.hits import record_hit
from codetags.services.placements import registered_placements
from codetags.types import Outcome, PlacementCount, Reason
from kv.days import local_day
from kv.errors import StoreUnavailable
from tests.codetags.callers import hit, staff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def poster(store: Any) -> CodeTag:
    hits._targets.clear()
    return CodeTag.objects.create(code="BT26", label="Poster")


@pytest.fixture
def alias(poster: CodeTag) -> CodeTag:
    return CodeTag.objects.create(code="BT27", label="Second print", counts_for=poster)


def record(code: str, visitor: int) -> Outcome:
    return record_hit(code=code, address=f"10.0.0.{visitor}", agent="Mozilla/5.0")


def count(code: str) -> int:
    found = get_code(code)
    return found.count if found else 0


class TestManyAtOnce:
    """What changes many codes at once makes no alias of an alias, which would count for nobody or in a circle."""

    @pytest.mark.parametrize("by", ["update", "update by id", "bulk_update", "bulk_create"])
    def test_makes_no_chain(self, poster: CodeTag, alias: CodeTag, by: str) -> None:
        poster.counts_for = alias
        changes: dict[str, Callable[[], object]] = {
            "update": lambda: CodeTag.objects.filter(code="BT26").update(counts_for=alias),
            "update by id": lambda: CodeTag.objects.filter(code="BT26").update(counts_for_id=alias.pk),
            "bulk_update": lambda: CodeTag.objects.bulk_update([poster], ["counts_for"]),
            "bulk_create": lambda: CodeTag.objects.bulk_create([CodeTag(code="BT28", label="x", counts_for=alias)]),
        }
        with pytest.raises(BadAlias):
            changes[by]()
        kept = CodeTag.objects.order_by("code").values_list("code", "counts_for__code")
        assert list(kept) == [("BT26", None), ("BT27", "BT26")]

    def test_ends_an_alias_and_adds_one(self, poster: CodeTag, alias: CodeTag) -> None:
        assert CodeTag.objects.filter(code="BT27").update(counts_for=None) == 1
        CodeTag.objects.bulk_create([CodeTag(code="bt28", label="x", counts_for=poster)])
        assert [record("BT27", 1), record("BT28", 2)] == [Outcome.COUNTED] * 2
        assert (count("BT26"), count("BT27")) == (1, 1)


class TestFixed:
    def test_a_code_can_t_be_changed(self, poster: CodeTag) -> None:
        poster.code = "NEWS"
        with pytest.raises(CodeIsFixed):
            poster.save()
        with pytest.raises(ValidationError) as refused:
            poster.full_clean()
        assert list(refused.value.message_dict) == ["code"]
        with pytest.raises(CodeIsFixed):
            CodeTag.objects.filter(code="BT26").update(code="NEWS")
        with pytest.raises(CodeIsFixed):
            CodeTag.objects.bulk_update([poster], ["code"])
        assert CodeTag.objects.get().code == "BT26"

    def test_all_else_can(self, poster: CodeTag) -> None:
        poster.code, poster.label = "bt26", "Banner"
        poster.full_clean()
        poster.save()
        assert CodeTag.objects.get().label == "Banner"

    def test_the_admin_shows_it_as_text(self, poster: CodeTag, client: Client) -> None:
        client.force_login(staff("change_codetag", "view_codetag"))
        address = reverse("admin:codetags_codetag_change", args=[poster.pk])
        assert 'name="code"' not in client.get(address).content.decode()
        sent = {"code": "NEWS", "label": "Banner", "placements-TOTAL_FORMS": 0, "placements-INITIAL_FORMS": 0}
        assert client.post(address, sent).status_code == 302
        poster.refresh_from_db()
        assert (poster.code, poster.label) == ("BT26", "Banner")


class TestAlias:
    def test_its_hits_count_for_the_other(self, alias: CodeTag, store: Any) -> None:
        assert [record("BT27", 1), record("BT26", 2), record("BT27", 3)] == [Outcome.COUNTED] * 3
        assert (count("BT26"), count("BT27")) == (3, 0)
        assert sum(int(hits) for hits in store.hgetall(keys.days("BT26")).values()) == 3

    def test_after_the_first_it_is_one_round_trip(self, alias: CodeTag) -> None:
        record("BT27", 1)
        with patch.object(hits.record_hit_script, "run", wraps=hits.record_hit_script.run) as run:
            assert record("BT27", 2) is Outcome.COUNTED
        assert run.call_count == 1

    def test_a_visitor_counts_once_whichever_is_scanned(self, alias: CodeTag) -> None:
        assert [record("BT27", 1), record("BT26", 1), record("BT27", 1)] == [
            Outcome.COUNTED, Outcome.SEEN, Outcome.SEEN,
        ]  # fmt: skip
        for first, second in (("BT26", "BT27"), ("BT27", "BT26")):
            hits._targets.clear()
            client = Client()
            assert hit(client, first, address=f"203.0.113.{ord(first[-1])}").json() == {"code": first, "counted": True}
            assert hit(client, second, address="198.51.100.1").json() == {"code": second, "counted": False}
        assert count("BT26") == 3

    def test_the_dates_are_the_other_s(self, alias: CodeTag, poster: CodeTag) -> None:
        poster.archived = True
        poster.save()
        assert record("BT27", 1) is Outcome.OUTSIDE
        exclude_hit(code="BT27", reason=Reason.BOT)
        found = get_code("BT26")
        assert found is not None
        assert (found.excluded[Reason.OUTSIDE], found.excluded[Reason.BOT]) == (1, 1)

    def test_that_ends_counts_for_itself_again(self, alias: CodeTag) -> None:
        record("BT27", 1)
        alias.counts_for = None
        alias.save()
        assert record("BT27", 2) is Outcome.COUNTED
        assert (count("BT26"), count("BT27")) == (1, 1)

    def test_is_none_of_itself_nor_of_another_alias(self, alias: CodeTag, poster: CodeTag) -> None:
        with pytest.raises(BadAlias):
            CodeTag.objects.create(code="BT28", label="Third", counts_for=alias)
        poster.counts_for = alias
        with pytest.raises(BadAlias):
            poster.save()
        other = CodeTag.objects.create(code="BT29", label="Other")
        poster.counts_for = other
        with pytest.raises(ValidationError) as refused:
            poster.full_clean()
        assert list(refused.value.message_dict) == ["counts_for"]
        other.counts_for = other
        with pytest.raises(BadAlias):
            other.save()

    def test_keeps_the_other_from_being_deleted(self, alias: CodeTag, poster: CodeTag) -> None:
        with pytest.raises(ProtectedError):
            poster.delete()

    def test_is_shown_as_one(self, alias: CodeTag, client: Client) -> None:
        client.force_login(staff("view_counts"))
        assert "counts for BT26" in client.get("/admin/codetags/codecount/").content.decode()


class TestMirror:
    def test_follows_when_the_change_commits_and_not_before(self, poster: CodeTag, store: Any) -> None:
        with transaction.atomic():
            CodeTag.objects.filter(code="BT26").update(archived=True)
            CodeTag.objects.bulk_create([CodeTag(code="bt30", label="Third")])
            assert store.hget(keys.registry(), "BT26") == b"||0"
        assert store.hgetall(keys.registry()) == {b"BT26": b"||1", b"BT30": b"||0"}
        CodeTag.objects.filter(code="BT30").delete()
        assert store.hkeys(keys.registry()) == [b"BT26"]

    def test_is_left_alone_by_a_change_that_is_undone(self, poster: CodeTag, store: Any) -> None:
        with transaction.atomic():
            CodeTag.objects.filter(code="BT26").update(archived=True)
            transaction.set_rollback(True)
        assert store.hget(keys.registry(), "BT26") == b"||0"

    def test_many_codes_at_once_take_few_queries(self, alias: CodeTag, store: Any) -> None:
        tags = [CodeTag(code=f"C{number:03}", label="x", archived=number == 7) for number in range(600)]
        with CaptureQueriesContext(connection) as queries:
            CodeTag.objects.bulk_create(tags, 1000)
        assert len([query for query in queries if query["sql"].startswith("SELECT")]) == 2
        assert store.hlen(keys.registry()) == 602
        assert store.hmget(keys.registry(), "C006", "C007") == [b"||0", b"||1"]
        CodeTag.objects.all().update(archived=True)
        assert set(store.hvals(keys.registry())) == {b"||1", b"||1|BT26"}

    def test_the_log_names_what_waits(self, poster: CodeTag, caplog: pytest.LogCaptureFixture) -> None:
        with patch.object(registry, "call_many", side_effect=StoreUnavailable("away")):
            CodeTag.objects.bulk_create([CodeTag(code=code, label="x") for code in ("AAAA", "BBBB", "CCCC")])
        assert "code AAAA and 2 more: the store is unavailable" in caplog.text


def test_a_code_that_is_not_ascii_is_packed_by_its_bytes() -> None:
    """No link has one, but a program may have put it into the registry."""
    with patch.dict(hits._targets, {"BT26": "ÄÖÜÉ"}):
        call = next(hits.record_hit_steps(code="BT26", caller=hits.Caller("192.0.2.1", "Mozilla/5.0")))
    assert b"$8\r\n" + "ÄÖÜÉ".encode() + b"\r\n" in call.packed()


class TestPlacements:
    """`?qr=BT27&at=x` counts by name below BT26 where x is registered at either, however many others there are."""

    @pytest.fixture(autouse=True)
    def _no_strangers(self) -> Iterator[None]:
        """Nothing outside the registry is counted by name."""
        hits._prepared.cache_clear()
        with patch("codetags.keys.MOST_PLACEMENTS", 0):
            yield
        hits._prepared.cache_clear()

    def counted(self) -> dict[str, int]:
        return dict(list_placements(["BT26"])[0])

    @pytest.mark.parametrize("owner", ["BT26", "BT27"])
    def test_registered_at_either_code(self, alias: CodeTag, owner: str) -> None:
        Placement.objects.create(code=CodeTag.objects.get(code=owner), name="hall-1", label="Hall 1")
        for visitor, at in enumerate(("hall-1", "hall-1", "made-up")):
            assert record_hit(code="BT27", address=f"10.1.0.{visitor}", agent="Mozilla/5.0", at=at) is Outcome.COUNTED
        assert self.counted() == {"hall-1": 2, keys.OTHER: 1}
        today = local_day()
        shown = read_breakdown("BT26", since=today, until=today).placements
        assert PlacementCount("hall-1", "Hall 1", 2, is_registered=True) in shown

    def test_a_name_at_both_is_one_placement(self, poster: CodeTag, alias: CodeTag, store: Any) -> None:
        Placement.objects.create(code=poster, name="hall-1", label="The poster's")
        Placement.objects.create(code=alias, name="hall-1", label="The second print's")
        assert store.hget(keys.registered_placements(), "BT26") == b"1"
        today = local_day()
        (shown,) = read_breakdown("BT26", since=today, until=today).placements
        assert shown.label == "The poster's"

    def test_a_code_that_becomes_an_alias_brings_its_placements(self, poster: CodeTag) -> None:
        late = CodeTag.objects.create(code="BT28", label="Third print")
        Placement.objects.create(code=late, name="hall-3")
        late.counts_for = poster
        late.save()
        hits._targets.clear()
        record_hit(code="BT28", address="10.2.0.1", agent="Mozilla/5.0", at="hall-3")
        assert self.counted() == {"hall-3": 1}

    def test_the_whole_registry_is_mirrored_so(self, alias: CodeTag, store: Any) -> None:
        with patch("codetags.signals._mirror_placements"):
            Placement.objects.create(code=alias, name="hall-1")
        assert store.hget(keys.registered_placements(), "BT26") is None
        registry.mirror_registry()
        assert store.hget(keys.registered_placements(), "BT26") == b"1"

    def test_what_an_alias_takes_away_is_no_name_any_more(self, poster: CodeTag, alias: CodeTag, store: Any) -> None:
        Placement.objects.create(code=alias, name="hall-1")
        alias.counts_for = None
        alias.save()
        registry.mirror_registry()
        assert store.zrange(keys.placements("BT26"), 0, -1) == []
        assert store.zrange(keys.placements("BT27"), 0, -1) == [b"hall-1"]

    def test_its_links_and_images_have_those_of_both(self, poster: CodeTag, alias: CodeTag) -> None:
        Placement.objects.create(code=poster, name="hall-2", label="Hall 2")
        Placement.objects.create(code=alias, name="hall-1", label="Hall 1")
        assert registered_placements(["BT26", "BT27"]) == {
            "BT26": {"hall-2": "Hall 2"},
            "BT27": {"hall-1": "Hall 1", "hall-2": "Hall 2"},
        }
