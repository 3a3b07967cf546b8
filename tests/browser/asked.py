"""What a page asks the site for by itself while its clock runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request


def asked_during(page: Page, milliseconds: int) -> list[str]:
    """The addresses that the page asked for while its clock ran on.

    A request is reported later than it is made, but in order. So the last one is ours, and all before it are known.
    """
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.clock.run_for(milliseconds)
    with page.expect_request("**/healthz"):
        page.evaluate("() => void fetch('/healthz')")
    page.remove_listener("request", note)
    return [url for url in asked if not url.endswith("/healthz")]
