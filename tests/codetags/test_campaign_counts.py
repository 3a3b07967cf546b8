"""Sums of campaigns, held against the daily series of the store and the registry in SQL, whatever happened."""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack, suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import models
from django.test import TestCase, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codetags import keys
from codetags.errors import BadAlias, BadCursor
from codetags.models import Campaign, CodeTag, DailyHits
from codetags.services.campaign_counts import each_campaign, list_campaigns
from codetags.services.campaign_details import compare_days, read_campaign
from codetags.services.campaigns import ensure_campaign
from codetags.services.column_upkeep import forget_columns
from codetags.services.counts import each_code, list_codes
from codetags.services.registry import mirror_registry
from kv.days import local_day
from kv.store.connection import call
from kv.times import local_from_ms, utc_now
from tests.codetags.callers import staff
from tests.codetags.column_checks import EARLIEST, hit, series
from tests.codetags.test_columns import BACK, CODES, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

pytestmark = pytest.mark.django_db
CAMPAIGNS = ("Fair", "Spring", "Empty", "Été")
URL = "/admin/codetags/codecount/"


@pytest.fixture(autouse=True)
def _clean(store: Any, midday: None) -> Iterator[None]:
    """The store is empty, and no day ends within a test."""
    with override_settings(CODETAGS_PATTERN="[A-Z0-9]{1,4}", RATE_LIMITS=None):
        yield


class Groups(Site):
    """What may happen to campaigns, beside what may happen to codes."""

    def put_into(self, code: str, back: int) -> None:
        if code != keys.OTHER:
            tag, _ = CodeTag.objects.get_or_create(code=code, defaults={"label": "poster"})
            tag.campaign = ensure_campaign(CAMPAIGNS[back % 2])
            tag.save()

    def take_out(self, code: str, back: int) -> None:
        CodeTag.objects.filter(code=code).update(campaign=None)

    def move_all(self, code: str, back: int) -> None:
        CodeTag.objects.all().update(campaign=ensure_campaign(CAMPAIGNS[3]))

    def make_alias(self, code: str, back: int) -> None:
        tag, other = (CodeTag.objects.filter(code=name).first() for name in (code, CODES[back % len(CODES)]))
        if tag and other:
            tag.counts_for = other
            with suppress(BadAlias):
                tag.save()

    def lose_columns(self, code: str, back: int) -> None:
        forget_columns()

    def look(self, code: str, back: int) -> None:
        list_campaigns()

    def unregister(self, code: str, back: int) -> None:
        tag = CodeTag.objects.filter(code=code).first()
        if tag and not tag.aliases.exists():
            tag.delete()

    def bypass(self, code: str, back: int) -> None:
        """SQL alone; the registry is then mirrored, as the docs say."""
        models.QuerySet.update(CodeTag.objects.all(), campaign=None)
        mirror_registry()


def recount(since: date, until: date) -> dict[str | None, dict[str, Any]]:
    """The figures of each campaign: from the hash of each code, and its row in SQL."""
    own, low, high = series(), since.isoformat(), until.isoformat()
    rows = dict(CodeTag.objects.values_list("code", "campaign__name"))
    codes = {code: rows.get(code) for code in {*own, *rows}}
    found: dict[str | None, dict[str, Any]] = {}
    for name in (*Campaign.objects.values_list("name", flat=True), None):
        mine = [code for code, campaign in codes.items() if campaign == name]
        seen = [at for code in mine if (at := call("ZSCORE", keys.last_seen(), code)) is not None]
        found[name] = {
            "codes": len(mine),
            "count": sum(hits for code in mine if code in own for day, hits in own[code].items() if low <= day <= high),
            "last_seen": local_from_ms(max(int(float(at)) for at in seen)) if seen else None,
            "last_30_days": tuple(
                sum(own[code][(local_day() - timedelta(days=back)).isoformat()] for code in mine if code in own)
                for back in range(29, -1, -1)
            ),
        }
    if not found[None]["codes"]:
        del found[None]
    return found


def figures_of(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("codes", "count", "last_seen", "last_30_days")}


def check(since: date | None, until: date | None) -> None:
    """Lists, pages, cursors and files tell what a recount does."""
    days: dict[str, Any] = {"since": since, "until": until}
    wanted = recount(since or EARLIEST, until or (local_day() if since else date.max))
    page = list_campaigns(limit=100, **days)
    names = [row.campaign.name if row.campaign else None for row in page.campaigns]
    assert {name: figures_of(row) for name, row in zip(names, page.campaigns, strict=True)} == wanted
    assert (page.total, page.next) == (len(wanted), None)
    keyed = [(-row.count, -(row.campaign.id if row.campaign else 0)) for row in page.campaigns]
    assert keyed == sorted(keyed)
    assert list(each_campaign(**days)) == list(page.campaigns)
    rows: list[Any] = []
    before = None
    while len(rows) < len(wanted):
        part = list_campaigns(limit=1, before=before, **days)
        assert part == list_campaigns(limit=1, offset=len(rows), **days)
        rows += part.campaigns
        before = part.next
    assert rows == list(page.campaigns)
    for name in CAMPAIGNS:
        check_codes(name, wanted, days)


def check_codes(name: str, wanted: dict[str | None, dict[str, Any]], days: dict[str, Any]) -> None:
    """The codes of one campaign are those of SQL, and add up to its sum."""
    listed = list_codes(limit=100, campaign=name.upper(), **days)
    assert sum(code.count for code in listed.codes) == wanted.get(name, {"count": 0})["count"]
    assert [code.code for code in each_code(campaign=name, **days)] == [code.code for code in listed.codes]
    keyed = [(code.count, code.code) for code in listed.codes]
    assert keyed == sorted(keyed, reverse=True)
    seen: list[str] = []
    before = None
    while len(seen) < listed.total:
        part = list_codes(limit=2, before=before, campaign=name, **days)
        seen += [code.code for code in part.codes]
        before = part.next
    assert seen == [code.code for code in listed.codes]
    if not any(days.values()):
        assert {code.code for code in listed.codes} == set(
            CodeTag.objects.filter(campaign__name=name).values_list("code", flat=True)
        ), "those without hits too"


def check_each() -> None:
    """The page of each campaign tells the same."""
    today = local_day()
    since, before = today - timedelta(days=64), today - timedelta(days=129)
    asked: dict[str, Any] = {"since": since, "until": today, "before": before}
    campaigns = list(Campaign.objects.all())
    for campaign in campaigns:
        wanted = recount(EARLIEST, date.max)[campaign.name]
        found = read_campaign(campaign, limit=2, **asked)
        assert figures_of(found.counts) == {**wanted, "last_30_days": ()}
        assert found.days.before == recount(before, since - timedelta(days=1))[campaign.name]["count"]
        assert tuple(found.days.days[-30:]) == wanted["last_30_days"]
        assert (len(found.days.days), sum(found.days.days)) == (65, recount(since, today)[campaign.name]["count"])
        assert found.codes == list_codes(limit=2, campaign=campaign.name).codes
        assert compare_days([campaign], **asked) == [found.days]
    own = series()
    for code, sums in zip(own, compare_days([*own, *campaigns], **asked), strict=False):
        days = [(since + timedelta(days=step)).isoformat() for step in range(65)]
        assert sums.days == [own[code][day] for day in days]
        assert sums.before == sum(
            hits for day, hits in own[code].items() if before.isoformat() <= day < since.isoformat()
        )


_DAYS = st.sampled_from(BACK)
_EVENTS = [getattr(Groups, name) for name in dir(Groups) if not name.startswith("_") and name != "read"]
_STEPS = st.tuples(
    st.sampled_from([Groups.hit] * 6 + [Groups.put_into] * 5 + _EVENTS), st.sampled_from(CODES), _DAYS
)  # fmt: skip


@given(steps=st.lists(_STEPS, min_size=1, max_size=14), first=_DAYS, last=_DAYS, few=st.booleans())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_they_tell_what_a_recount_does(
    store: Any, steps: list[tuple[Any, str, int]], first: int, last: int, few: bool
) -> None:
    store.flushall()
    DailyHits.objects.all().delete()
    CodeTag.objects.filter(counts_for__isnull=False).delete()
    CodeTag.objects.all().delete()
    Campaign.objects.all().delete()
    ensure_campaign("Empty")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        # Both ways to read: slot by slot, and whole columns; by looking up, and by walking through the latest.
        patch.setattr("codetags.services.column_days._ONE_IN", 0 if few else 10**6)
        patch.setattr("codetags.services.campaign_details._FEW", 0 if few else 100)
        patch.setattr("codetags.services.campaign_counts._LOOKED_UP", 100 if few else 0)
        patch.setattr("codetags.services.campaign_counts._WALKED", 2)
        site = Groups(stack)
        for event, code, back in steps:
            with TestCase.captureOnCommitCallbacks(execute=True):
                event(site, code, back)
        since, until = sorted((local_day() - timedelta(days=first), local_day() - timedelta(days=last)))
        check(None, None)
        check(since, until)
        check(since, None)
        check_each()


class TestList:
    def fill(self) -> None:
        fair = Campaign.objects.create(name="Fair", note="Hall 3", cost_cents=250)
        Campaign.objects.create(name="Spring", cost_cents=0)
        CodeTag.objects.create(code="BT26", label="Poster", campaign=fair)
        CodeTag.objects.create(code="BT27", label="Flyer", campaign=fair)
        for code in ("BT26", "BT26", "BT27", "DEMO"):
            hit(code, utc_now())

    def test_hits_a_euro(self) -> None:
        self.fill()
        fair, without, spring = list_campaigns().campaigns
        assert (fair.count, fair.codes, fair.hits_per_euro) == (3, 2, 1.2)
        assert (without.campaign, without.codes, without.hits_per_euro) == (None, 1, None)
        assert (spring.count, spring.hits_per_euro) == (0, None), "nothing can be divided by 0"

    def test_search_and_name(self) -> None:
        self.fill()
        assert [row.campaign and row.campaign.name for row in list_campaigns(search="hall").campaigns] == ["Fair"]
        assert [row.campaign and row.campaign.name for row in list_campaigns(campaign=" fAIR").campaigns] == ["Fair"]
        assert list_campaigns(campaign="No such").total == 0
        assert [code.code for code in list_codes(campaign="Fair", search="fly").codes] == ["BT27"]
        today = local_day()
        assert [code.code for code in list_codes(campaign="Fair", search="fly", since=today).codes] == ["BT27"]
        assert list_codes(campaign="No such").codes == ()

    @pytest.mark.parametrize("cursor", ["", "x", "1", "1-", "-1", "²-1", "1-x", "1" * 50 + "-1"])
    def test_a_cursor_of_nobodys(self, cursor: str) -> None:
        if cursor:
            with pytest.raises(BadCursor):
                list_campaigns(before=cursor)

    def test_the_api(self, client: Client) -> None:
        self.fill()
        client.force_login(staff("view_counts"))
        address = "/api/dashboard/code-tags"
        body = client.get(address, {"group": "campaign", "limit": "2"}).json()
        assert (set(body), body["codes"]) == ({"codes", "campaigns", "next"}, [])
        first = body["campaigns"][0]
        assert {name: first[name] for name in ("campaign", "codes", "count", "cost_cents", "hits_per_euro")} == {
            "campaign": "Fair", "codes": 2, "count": 3, "cost_cents": 250, "hits_per_euro": 1.2,
        }  # fmt: skip
        assert (len(first["last_30_days"]), first["last_30_days"][-1]) == (30, 3)
        rest = client.get(address, {"group": "campaign", "limit": "2", "before": body["next"]}).json()
        assert [row["campaign"] for row in (*body["campaigns"], *rest["campaigns"])] == ["Fair", None, "Spring"]
        codes = client.get(address, {"campaign": "fair"}).json()["codes"]
        assert [(code["code"], code["campaign"]) for code in codes] == [("BT26", "Fair"), ("BT27", "Fair")]
        assert client.get(address, {"campaign": "nothing"}).json() == {"codes": [], "next": None}
        assert client.get(address, {"group": "label"}).status_code == 400
        assert client.get(address, {"group": "campaign", "before": "x"}).status_code == 400

    def test_the_files(self, client: Client) -> None:
        self.fill()
        client.force_login(staff("view_counts"))

        def rows(**query: str) -> list[dict[str, str]]:
            answer: Any = client.get(f"{URL}export.csv", query)
            return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))

        assert [(row["code"], row["campaign"]) for row in rows(campaign="FAIR")] == [("BT26", "Fair"), ("BT27", "Fair")]
        assert [(row["campaign"], row["count"]) for row in rows()] == [("Fair", "2"), ("", "1"), ("Fair", "1")]
        names = ("campaign", "codes", "count", "cost", "hits_per_euro")
        assert [tuple(row[name] for name in names) for row in rows(group="campaign")] == [
            ("Fair", "2", "3", "2.50", "1.2"), ("", "1", "1", "", ""), ("Spring", "0", "0", "0.00", ""),
        ]  # fmt: skip
