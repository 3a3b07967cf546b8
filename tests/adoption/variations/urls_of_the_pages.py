"""Only the pages of each app."""

from django.urls import include, path
from urls import addresses  # type: ignore[import-not-found] # it is in the project that is made

from billing.urls import pages as billing
from codetags.urls import pages as codetags
from stats.urls import pages as stats
from usertokens.urls import pages as usertokens

urlpatterns = addresses(
    path("", include((stats, "stats"))),
    path("", include((usertokens, "usertokens"))),
    path("", include((codetags, "codetags"))),
    path("", include((billing, "billing"))),
)
