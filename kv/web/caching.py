"""Cache headers of pages."""

from __future__ import annotations

from django.views.decorators.cache import cache_control

#: For pages that are the same for all visitors. Browsers ask again each time. A proxy may answer for a minute, the
#: largest age of a figure.
public_page = cache_control(public=True, max_age=0, s_maxage=60)
