"""Fixtures that several tests of campaign codes share."""

from __future__ import annotations

from typing import Any

import pytest

from tests.midday import midday_zone


@pytest.fixture
def midday(settings: Any) -> None:
    """It is about noon at the site, so that no day ends in the middle of a test."""
    settings.TIME_ZONE = midday_zone()
