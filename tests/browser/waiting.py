"""What comes true on a page a little later, and is not to be seen on it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE = 20.0


def wait_until(page: Page, condition: str) -> None:
    """Returns once the condition, an expression of JavaScript, holds on the page; fails after 20 seconds.

    Asked from out here each time. Playwright's `wait_for_function` asks from here only once: what does not hold yet is
    evaluated from its text inside the page, which the site's Content-Security-Policy forbids.
    """
    ends = time.monotonic() + PATIENCE
    while not page.evaluate(condition):
        assert time.monotonic() < ends, f"did not come true: {condition}"
