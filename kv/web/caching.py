"""Pages that are the same for all visitors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.views.decorators.cache import cache_control

_cached = cache_control(public=True, max_age=0, s_maxage=60)


def public_page(view: Callable[..., Any]) -> Callable[..., Any]:
    """For pages that are the same for all visitors, also before a log-in in a project with LoginRequiredMiddleware.

    Browsers ask again each time. A proxy may answer for a minute, the largest age of a figure.
    """
    page: Callable[..., Any] = login_not_required(_cached(view))
    return page
