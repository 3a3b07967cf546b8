"""Charts in a real browser: values by pointer, touch and keyboard, the links of days, forced colours, paper."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from codetags.models import CodeTag
from codetags.services.registry import mirror_registry
from kv.days import local_day
from kv.store.connection import call
from stats import keys
from stats.services.visits import record_visit
from tests.browser.test_looks import wrong_in_each_look
from tests.browser.test_statistics_admin import STATISTICS, staff_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["staff_page"]


@pytest.fixture
def chart_page(site: str, staff_page: Page, settings: Any) -> Page:
    """The staff's statistics of 30 days: 2 visits on most days, one day with 90,000, and a lost one."""
    settings.RATE_LIMITS = None
    now = timezone.now()
    for back in range(60):
        for address in ("192.0.2.1", "192.0.2.2"):
            record_visit(address=address, now=now - timedelta(days=back))
    call("HSET", keys.day(local_day() - timedelta(days=10)), "visits", 90_000)
    call("DEL", keys.day(local_day() - timedelta(days=5)))
    staff_page.goto(f"{site}{STATISTICS}?days=30")
    return staff_page


def texts_shown(page: Page) -> list[str]:
    """The values that the chart of visits shows."""
    texts: list[str] = page.locator("#chart-visits label span").evaluate_all(
        "all => all.filter(one => getComputedStyle(one).clipPath === 'none').map(one => one.textContent)"
    )
    return texts


def test_values_by_pointer_and_keyboard(chart_page: Page) -> None:
    chart = chart_page.locator("#chart-visits")
    expect(chart.locator("label span").last).to_have_css("clip-path", "none")
    chart.locator("label").nth(19).hover()
    assert texts_shown(chart_page) == [chart.locator("label span").nth(19).text_content()]
    expect(chart.locator("label span").nth(19)).to_contain_text("90,000")
    chart_page.mouse.move(0, 0)
    # One stop of the Tab key; from there the arrow keys go from day to day.
    chart.get_by_role("radio").last.focus()
    chart_page.keyboard.press("ArrowLeft")
    expect(chart.get_by_role("radio").nth(28)).to_be_checked()
    for _ in range(4):
        chart_page.keyboard.press("ArrowLeft")
    expect(chart.get_by_role("radio").nth(24)).to_be_checked()
    (text,) = texts_shown(chart_page)
    assert text.endswith("no data")
    chart_page.keyboard.press("Tab")
    expect(chart.get_by_role("radio").nth(24)).not_to_be_focused()


def test_no_barrier_and_no_scroll_sideways(site: str, chart_page: Page) -> None:
    for query in ("?days=30", "?days=365", "?from=2020-01-01&to=2020-01-31"):
        chart_page.goto(f"{site}{STATISTICS}{query}")
        assert (query, wrong_in_each_look(chart_page)) == (query, [])


def test_days_by_link_and_form(chart_page: Page) -> None:
    chart_page.get_by_role("link", name="7 days").click()
    expect(chart_page.locator("#chart-visits label")).to_have_count(7)
    expect(chart_page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    last = local_day() - timedelta(days=8)
    chart_page.locator("input[name=from]").fill((last - timedelta(days=2)).isoformat())
    chart_page.locator("input[name=to]").fill(last.isoformat())
    chart_page.get_by_role("button", name="Show").click()
    expect(chart_page.locator("#chart-visits label")).to_have_count(3)


def test_a_huge_value_leaves_the_others_their_height(chart_page: Page) -> None:
    expect(chart_page.locator("#chart-visits .kv-chart-ticks span").first).to_have_text("2")
    expect(chart_page.locator("#chart-visits label > b")).to_have_text("90,000")
    written, plot = (
        chart_page.locator(f"#chart-visits {place}").bounding_box() for place in ("label > b", ".kv-chart-plot")
    )
    assert written is not None
    assert plot is not None
    assert plot["y"] - 20 < written["y"] < plot["y"]


def test_forced_colours_and_paper(chart_page: Page) -> None:
    chart_page.emulate_media(forced_colors="active")
    bar = chart_page.locator("#chart-visits path.kv-chart-bar").last
    colour = bar.evaluate("bar => getComputedStyle(bar).fill")
    assert colour == chart_page.evaluate("() => getComputedStyle(document.body).color")
    chart_page.emulate_media(media="print", forced_colors="none")
    assert bar.evaluate("bar => getComputedStyle(bar).fill") == "rgb(0, 0, 0)"
    expect(chart_page.locator("#chart-visits .kv-chart-ticks")).to_be_visible()
    expect(chart_page.locator(".kv-range")).to_be_hidden()


def test_from_right_to_left_time_still_runs_to_the_right(chart_page: Page) -> None:
    chart_page.set_viewport_size({"width": 390, "height": 800})
    chart_page.evaluate("document.documentElement.dir = 'rtl'")
    first, last = (chart_page.locator("#chart-visits time").nth(place).bounding_box() for place in (0, 1))
    assert first is not None
    assert last is not None
    assert first["x"] < last["x"]
    inside = chart_page.locator("#chart-visits").evaluate("one => one.scrollWidth <= one.clientWidth")
    assert inside


def test_without_scripts(site: str, chart_page: Page, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False, has_touch=True) as context:
        context.add_cookies(chart_page.context.cookies())  # type: ignore[arg-type] # read in one shape, taken in another
        page = context.new_page()
        page.goto(f"{site}{STATISTICS}?days=7")
        page.locator("#chart-visits label").nth(2).tap()
        expect(page.locator("#chart-visits label span").nth(2)).to_have_css("clip-path", "none")
        expect(page.locator("#chart-visits label span").nth(6)).not_to_have_css("clip-path", "none")


def test_before_a_code_begins_there_is_no_data(site: str, staff_page: Page) -> None:
    CodeTag.objects.create(code="BT26", label="Poster", start=local_day() - timedelta(days=2))
    mirror_registry()
    staff_page.goto(f"{site}/admin/codetags/codecount/BT26/?days=7")
    expect(staff_page.locator("#chart-hits .kv-chart-gap")).to_have_count(1)
    expect(staff_page.locator("#chart-hits label", has_text="no data")).to_have_count(4)
