"""A test's last requests are answered before its database is emptied."""

from __future__ import annotations

import threading
import urllib.request
from typing import TYPE_CHECKING

from stats.services import figures
from tests.browser.visitors import PATIENCE_SECONDS

if TYPE_CHECKING:
    import pytest
    from playwright.sync_api import Page

    from stats.types import Figures
    from tests.browser.visitors import Visitors


class Slow:
    """Reads the figures when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()
        self._read = figures.read_figures
        monkeypatch.setattr(figures, "read_figures", self._slowly)

    def _slowly(self) -> Figures:
        self.asked.set()
        assert self.go_on.wait(PATIENCE_SECONDS)
        return self._read()


def test_a_request_under_way_is_waited_for(site: str, visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, gone = Slow(monkeypatch), threading.Event()

    def wait() -> None:
        visitors.wait_until_gone()
        gone.set()

    threads = [threading.Thread(target=lambda: urllib.request.urlopen(f"{site}/api/stats").close())]
    threads[0].start()
    assert slow.asked.wait(PATIENCE_SECONDS)
    threads.append(threading.Thread(target=wait))
    threads[1].start()
    assert not gone.wait(0.1)
    slow.go_on.set()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert gone.is_set()


def test_so_is_what_a_page_sends_as_it_leaves(
    site: str, page: Page, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.goto(site, wait_until="networkidle")
    figures.forget_figures()
    slow = Slow(monkeypatch)
    page.evaluate("addEventListener('pagehide', () => void fetch('/api/stats', {keepalive: true, cache: 'no-store'}))")
    page.goto("about:blank")
    assert slow.asked.wait(PATIENCE_SECONDS)
    slow.go_on.set()
    page.context.close()
    visitors.wait_until_gone()
