"""Takes docs/home.png of a running site: `make demo run` in one terminal, then `python docs/picture.py` in another."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ADDRESS = "http://127.0.0.1:8000/"
NAMES = ("chromium", "chromium-browser", "google-chrome")


def main(address: str) -> None:
    """Write the picture: desktop width, light, at twice the density, so that it is sharp where it is shown smaller."""
    browser_path = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1120, "height": 790}, device_scale_factor=2, locale="en-GB")
        page.goto(address, wait_until="networkidle")
        # The notice would cover the figures: it is answered, and gone when the page is loaded again.
        page.locator(".cookie-notice button").first.click()
        page.goto(address, wait_until="networkidle")
        page.screenshot(path=Path(__file__).with_name("home.png"))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ADDRESS)
