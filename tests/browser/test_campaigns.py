"""Campaigns in a real browser: from the lists to one chart, in four languages, without a barrier in any look."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from codetags.models import Campaign, CodeTag
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from tests.browser.test_looks import wrong_in_each_look
from tests.browser.test_statistics_admin import staff_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["staff_page"]
LIST = "admin/codetags/codecount/"
#: The button that compares, in each language.
COMPARE = {
    "": "Compare the selected ones in one chart",
    "fr/": "Comparer la sélection dans un seul graphique",
    "de/": "Ausgewählte in einem Diagramm vergleichen",
    "es/": "Comparar la selección en un gráfico",
}


@pytest.fixture
def campaign_page(site: str, staff_page: Page, settings: Any) -> Page:
    """Signed in, with two campaigns of two codes each, and hits on some days."""
    settings.RATE_LIMITS = None
    now = timezone.now()
    for place, name in enumerate(("Spring in town", "Trade fair")):
        campaign = Campaign.objects.create(name=name, cost_cents=12_500 * place)
        for code in (f"P{place}AA", f"P{place}BB"):
            CodeTag.objects.create(code=code, label=f"Poster {code}", campaign=campaign)
    mirror_registry()
    for back in range(0, 40, 3):
        for code in ("P0AA", "P0BB", "P1AA")[: back % 4]:
            record_hit(code=code, address=f"192.0.2.{back}", agent="Mozilla/5.0", now=now - timedelta(days=back))
    return staff_page


@pytest.mark.parametrize("prefix", COMPARE)
def test_from_the_lists_to_one_chart(site: str, campaign_page: Page, prefix: str) -> None:
    page = campaign_page
    page.goto(f"{site}/{prefix}{LIST}?group=campaign")
    page.locator("[data-all]").check()
    page.get_by_role("button", name=COMPARE[prefix]).click()
    expect(page.locator(".kv-chart-legend li")).to_have_count(2)
    assert "campaign=Spring+in+town" in page.url
    assert "csrf" not in page.url
    page.locator("input[name=code]:not([type=hidden])").fill("p1bb")
    page.keyboard.press("Enter")
    expect(page.locator(".kv-chart-legend li")).to_have_count(3)
    chart = page.locator("#chart-hits")
    chart.get_by_role("radio").last.focus()
    page.keyboard.press("ArrowLeft")
    expect(chart.get_by_role("radio").nth(88)).to_be_checked()
    page.locator(".codes-compared .codes-copy").first.click()
    expect(page.locator(".kv-chart-legend li")).to_have_count(2)


def test_no_barrier_in_any_look(site: str, campaign_page: Page) -> None:
    pk = Campaign.objects.get(name="Trade fair").pk
    every = "&".join(f"code={code}" for code in ("P0AA", "P0BB", "P1AA", "P1BB"))
    for path in (
        f"{LIST}?group=campaign",
        f"{LIST}?campaign=trade+fair",
        f"{LIST}campaigns/{pk}/",
        f"{LIST}compare/?{every}&campaign=spring+in+town&campaign=trade+fair",
        f"{LIST}compare/?code=NONE",
        f"de/{LIST}campaigns/{pk}/?days=365",
    ):
        campaign_page.goto(f"{site}/{path}")
        assert (path, wrong_in_each_look(campaign_page)) == (path, [])
