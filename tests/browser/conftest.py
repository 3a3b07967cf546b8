"""A real Chromium against the real site.

Without a Chromium these tests are skipped with a word; under REQUIRE_BROWSER=1 its absence is a failure.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from stats.services.figures import forget_figures
from stats.services.history import forget_history
from tests.browser.visitors import Visitors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page
    from pytest_django.live_server_helper import LiveServer

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: The same engine without the browser's own windows, for two thirds of the processor's time. It keeps no page for Back.
SHELL = "chromium-headless-shell"
# A headless Chromium calls itself a crawler's tool, and would rightly not be counted.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this directory drives a browser, and talks to a server in another thread."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


def whole_chromium() -> str:
    """The path of the machine's own Chromium. Skips the test without one, or fails it under REQUIRE_BROWSER=1."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        message = "no Chromium on this machine, so nothing was looked at in a browser"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(f"REQUIRE_BROWSER=1, but there is {message}")
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium; without its sandbox, which root can't have."""
    found = shutil.which(SHELL) or whole_chromium()
    return {**browser_type_launch_args, "executable_path": found, "args": ["--no-sandbox"]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """An ordinary visitor."""
    return {**browser_context_args, "user_agent": AGENT, "locale": "en-GB"}


@pytest.fixture(scope="session")
def base_url() -> None:
    """Addresses are written out: the site's own changes with each test. The plugin's fixture warns under pytest 9."""


@pytest.fixture(scope="session", autouse=True)
def _database_beside_an_event_loop() -> Iterator[None]:
    """Playwright runs an event loop in this thread, where Django would otherwise refuse the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="session")
def visitors(live_server: LiveServer) -> Visitors:
    """Who is connected to the site."""
    return Visitors(live_server)


@pytest.fixture
def site(live_server: LiveServer, visitors: Visitors, browser: Browser, store: Any) -> Iterator[str]:
    """The address of the site, with nothing counted yet.

    The database is emptied next, which a request still under way would keep from it, and a late one fill again: so the
    browser goes first, with its polls and what it sends as it leaves.
    """
    forget_figures()
    forget_history()
    yield live_server.url
    for context in browser.contexts:
        context.close()
    visitors.wait_until_gone()
    forget_figures()
    forget_history()


@pytest.fixture(scope="session", autouse=True)
def _patience() -> None:
    """What is expected of a page comes later than within the usual five seconds where the machine is busy."""
    expect.set_options(timeout=20_000)


@pytest.fixture
def complaints(context: BrowserContext) -> list[str]:
    """What the browser complained of: console errors, scripts that threw, violations of the policy."""
    found: list[str] = []
    context.on("console", lambda message: found.append(message.text) if message.type in {"error", "warning"} else None)
    context.on("weberror", lambda error: found.append(str(error.error)))
    context.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective, e.blockedURI))"
    )
    return found


@pytest.fixture
def quiet_page(page: Page, complaints: list[str]) -> Iterator[Page]:
    """A page of which the browser must have nothing to complain."""
    yield page
    assert complaints == []
