"""For a project without sessions: the API, and the pages that need nobody to be logged in."""

from django.urls import include, path
from urls import addresses  # type: ignore[import-not-found] # it is in the project that is made

from billing.urls import api as billing
from usertokens.urls import api as usertokens

urlpatterns = addresses(
    path("", include("stats.urls")),
    path("", include("codetags.urls")),
    path("", include((usertokens, "usertokens_api"))),
    path("", include((billing, "billing_api"))),
)
