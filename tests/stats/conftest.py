"""Figures live in the process for some seconds; no test may see those of the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stats.services.figures import forget_figures
from tests.midday import midday_zone
from tests.site_client import SiteClient

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget_figures()
    yield
    forget_figures()


@pytest.fixture
def client() -> SiteClient:
    """In the place of pytest-django's: the site as it is served."""
    return SiteClient()


@pytest.fixture
def midday(settings: Any) -> None:
    """It is about noon at the site, so that no day ends in the middle of a test."""
    settings.TIME_ZONE = midday_zone()
