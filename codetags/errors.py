"""Refusals of the app, with their data."""

from __future__ import annotations


class MalformedCode(ValueError):
    """What was given does not look like a code (CODETAGS_PATTERN)."""


class BadPattern(ValueError):
    """CODETAGS_PATTERN is none that browsers and this side read alike: the sentence says why."""


class CodeIsFixed(ValueError):
    """A code that exists can't be changed: posters carry it."""


class BadAlias(ValueError):
    """A code can't count for that one: the sentence says why."""


class BadCursor(ValueError):
    """A `before` that no list has given out."""


class UnsafeWebhookAddress(Exception):
    """QR_ANALYTICS_EXTERNAL_URL may not be posted to: the sentence says why."""


class WebhookRefused(Exception):
    """The receiver answered, but refuses this one hit. `status`: its HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the receiver answered {status}")
        self.status = status


class WebhookUnavailable(Exception):
    """The receiver can't be reached or can't take anything just now: the sentence says why."""


class BadImport(Exception):
    """A file or an older store that can't be read: the sentence says why."""
