"""Exceptions of the app, with their data."""

from __future__ import annotations


class MalformedCode(ValueError):
    """The text is not a code (CODETAGS_PATTERN)."""


class BadPattern(ValueError):
    """Python and browsers may read CODETAGS_PATTERN differently. The message says why."""


class CodeIsFixed(ValueError):
    """An existing code can't be changed: it is printed on posters."""


class BadAlias(ValueError):
    """A code can't count for that one. The message says why."""


class BadCursor(ValueError):
    """A `before` that is not the `next` of a list."""


class UnsafeWebhookAddress(Exception):
    """Nothing may be posted to QR_ANALYTICS_EXTERNAL_URL. The message says why."""


class WebhookRefused(Exception):
    """The receiver refuses this one hit. `status`: its HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the receiver answered {status}")
        self.status = status


class WebhookUnavailable(Exception):
    """The receiver can't be reached, or accepts nothing at the moment. The message says why."""


class BadImport(Exception):
    """A file or an older store can't be read. The message says why."""
