"""Every public page, on a phone and a desktop, in light and dark: no complaint, no overflow, no barrier."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from kv.times import utc_now
from stats.services.visits import record_visit
from tests.browser.conftest import whole_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserType, Page, ViewportSize

PAGES = ("/", "/pay", "/statistics", "/accounts/login", "/accounts/signup", "/de/", "/fr/", "/fr/pay")
PHONE: ViewportSize = {"width": 390, "height": 844}
SMALL_PHONE: ViewportSize = {"width": 320, "height": 640}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}


# What is still moving is shown as it will stand. preload would load each stylesheet once more, for rules that are off.
AXE = """async (options) => {
    const ends = ({ effect }) => effect.getComputedTiming().endTime < Infinity;
    for (const moving of document.getAnimations().filter(ends)) moving.finish();
    const { violations } = await axe.run({ resultTypes: ["violations"], preload: false, ...options });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}"""


def barriers(page: Page, **options: Any) -> list[str]:
    """All that axe-core finds once the page is loaded. options: of `axe.run`."""
    page.wait_for_load_state()
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(AXE, options)
    return found


def in_each_look(page: Page) -> Iterator[str]:
    """Once on a phone in the dark and once on a desktop in the light, without loading the page again.

    The two other combinations find nothing that these do not: colours do not depend on the width.
    """
    for name, viewport in (("dark phone", PHONE), ("light desktop", DESKTOP)):
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme="dark" if "dark" in name else "light")
        yield name


def barriers_in_each_look(page: Page) -> list[str]:
    """All that axe-core finds in either look of the page as it stands."""
    return [f"{name}: {found}" for name in in_each_look(page) for found in barriers(page)]


def overflow(page: Page) -> int:
    """By how many pixels the page, once it is loaded, is wider than the window."""
    page.wait_for_load_state()
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


def wrong_in_each_look(page: Page) -> list[str]:
    """What axe-core finds in either look, and by how much the page is too wide."""
    found: list[str] = []
    for name in in_each_look(page):
        found += [f"{name}: {barrier}" for barrier in barriers(page)]
        if wider := overflow(page):
            found.append(f"{name}: {wider} pixels too wide")
    return found


def test_the_api_is_described_under_the_policy(site: str, quiet_page: Page) -> None:
    quiet_page.goto(f"{site}/api/docs/try", wait_until="networkidle")
    quiet_page.get_by_role("button", name="GET /api/stats", exact=False).first.wait_for()


def test_pages_fit_the_smallest_phone(site: str, quiet_page: Page, store: Any) -> None:
    from stats import keys

    for back in range(60):  # each card says how its last days compare
        record_visit(address=f"192.0.2.{back}", now=utc_now() - timedelta(days=back))
    store.mset({keys.visitors(): 123_456_789, keys.revenue(): 99_999_999_999})
    quiet_page.set_viewport_size(SMALL_PHONE)
    for path in PAGES:
        quiet_page.goto(site + path)
        assert (path, overflow(quiet_page)) == (path, 0)


def test_no_link_of_the_menu_stands_alone_on_a_phone(site: str, quiet_page: Page) -> None:
    quiet_page.set_viewport_size(PHONE)
    for path in ("/", "/de/", "/fr/", "/es/"):
        quiet_page.goto(site + path)
        tops = quiet_page.locator(".site-nav li").evaluate_all("all => all.map(one => one.offsetTop)")
        assert (path, min(tops.count(top) for top in tops)) in [(path, 2), (path, 5)]


def test_a_refused_form_and_a_code_have_no_barrier(site: str, quiet_page: Page) -> None:
    quiet_page.goto(f"{site}/pay")
    quiet_page.get_by_label("Recipient").fill("Zoë Müller")
    quiet_page.get_by_label("IBAN").fill("DE89370400440532013001")
    quiet_page.get_by_label("Amount in euro").fill("1.234")
    quiet_page.get_by_role("button", name="Create code").click()
    expect(quiet_page.get_by_role("alert").get_by_role("link")).to_have_text(["IBAN", "Amount in euro"])
    assert barriers(quiet_page) == []

    quiet_page.get_by_label("IBAN").fill("DE89370400440532013000")
    quiet_page.get_by_label("Amount in euro").fill("12,50")
    quiet_page.get_by_role("button", name="Create code").click()
    quiet_page.get_by_role("img", name="QR code: pay €12.50 to Zoë Müller").wait_for()
    assert barriers(quiet_page) == []


def test_the_keyboard_reaches_the_content_first(site: str, quiet_page: Page) -> None:
    quiet_page.goto(f"{site}/pay")
    quiet_page.keyboard.press("Tab")
    assert quiet_page.evaluate("document.activeElement.textContent") == "Skip to the content"
    quiet_page.keyboard.press("Enter")
    quiet_page.keyboard.press("Tab")
    assert quiet_page.evaluate("document.activeElement.name") == "beneficiary"


def test_the_code_stays_black_on_white_in_the_dark(site: str, quiet_page: Page) -> None:
    quiet_page.emulate_media(color_scheme="dark")
    quiet_page.goto(f"{site}/pay")
    for label, text in (("Recipient", "A"), ("IBAN", "DE89370400440532013000"), ("Amount in euro", "1")):
        quiet_page.get_by_label(label).fill(text)
    quiet_page.get_by_role("button", name="Create code").click()
    paths = quiet_page.locator(".payment-code svg path")
    paths.first.wait_for(state="attached")
    colours = paths.evaluate_all("paths => paths.map(p => [getComputedStyle(p).fill, getComputedStyle(p).stroke])")
    assert colours[0][0] == "rgb(255, 255, 255)"
    assert colours[1][1] == "rgb(0, 0, 0)"


def test_language_menu_keeps_the_page(site: str, quiet_page: Page) -> None:
    quiet_page.goto(f"{site}/statistics?qr=DEMO")
    quiet_page.get_by_role("link", name="Deutsch").click()
    quiet_page.wait_for_url("**/de/statistics?qr=DEMO")
    assert quiet_page.locator("html").get_attribute("lang") == "de"
    quiet_page.get_by_role("link", name="English").click()
    quiet_page.wait_for_url(f"{site}/statistics?qr=DEMO")


def test_more_contrast_where_the_reader_asks_for_it(site: str, page: Page) -> None:
    """By axe-core's rule for WCAG's level AAA, 7 : 1, in light and dark."""
    page.emulate_media(contrast="more")
    rule = "color-contrast-enhanced"
    for path in ("/", "/pay", "/statistics", "/pricing", "/cookies", "/accounts/login"):
        page.goto(site + path, wait_until="networkidle")
        for look in in_each_look(page):
            found = barriers(page, runOnly=[rule], rules={rule: {"enabled": True}})
            assert (path, look, found) == (path, look, [])


def test_a_browser_reads_the_manifest(site: str, page: Page) -> None:
    page.goto(f"{site}/de/", wait_until="networkidle")
    found = page.context.new_cdp_session(page).send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["url"] == f"{site}/de/manifest.webmanifest"


def test_the_start_page_can_be_installed(
    site: str, browser_type: BrowserType, browser_type_launch_args: dict[str, Any]
) -> None:
    """By Chromium's own rules. The whole browser, as the shell installs nothing."""
    whole = browser_type.launch(**{**browser_type_launch_args, "executable_path": whole_chromium()})
    page = whole.new_page()
    found = {}
    for path in ("/fr/", "/api/docs"):
        page.goto(site + path, wait_until="networkidle")
        answer = page.context.new_cdp_session(page).send("Page.getInstallabilityErrors")
        found[path] = {error["errorId"] for error in answer["installabilityErrors"]}
    whole.close()
    # Of a window that remembers nothing, as those of tests are, nothing can be installed, whatever the page.
    assert found["/fr/"] <= {"in-incognito"}
    assert "no-manifest" in found["/api/docs"]


def test_a_page_weighs_less_than_60_kilobytes(site: str, browser: Browser) -> None:
    """Each by itself, for somebody who was never here: all that the network brings, headers included."""
    for path in (*PAGES, "/pricing", "/cookies", "/privacy", "/cookies/settings", "/es/pricing"):
        context = browser.new_context(viewport=PHONE)
        page = context.new_page()
        network, loaded = context.new_cdp_session(page), list[float]()
        network.on("Network.loadingFinished", lambda event, loaded=loaded: loaded.append(event["encodedDataLength"]))
        network.send("Network.enable")
        page.goto(site + path, wait_until="networkidle")
        assert len(loaded) > 1
        assert (path, sum(loaded) < 60_000) == (path, True)
        context.close()
