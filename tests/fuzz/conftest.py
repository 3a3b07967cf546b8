"""The API as a whole has billing in it: a Stripe of one's own stands beside the site."""

from collections.abc import Iterator

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from tests.billing.fixtures import shop, stripe

__all__ = ["shop", "stripe"]


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Requests come to WSGI itself, where the end of each would close the connection that the test's transaction is in.

    Django's own test client does the same.
    """
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
