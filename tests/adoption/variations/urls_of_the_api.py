"""Only the API of each app."""

from django.urls import include, path
from urls import addresses  # type: ignore[import-not-found] # it is in the project that is made

from billing.urls import api as billing
from codetags.urls import api as codetags
from stats.urls import api as stats
from usertokens.urls import api as usertokens

urlpatterns = addresses(
    path("", include((stats, "stats_api"))),
    path("", include((usertokens, "usertokens_api"))),
    path("", include((codetags, "codetags_api"))),
    path("", include((billing, "billing_api"))),
)
