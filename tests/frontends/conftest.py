"""The browser of tests/browser, for front ends that are built first."""

from __future__ import annotations

from tests.browser.conftest import (
    _database_beside_an_event_loop,
    _patience,
    base_url,
    browser_context_args,
    browser_type_launch_args,
)

__all__ = [
    "_database_beside_an_event_loop", "_patience", "base_url", "browser_context_args", "browser_type_launch_args",
]  # fmt: skip
