"""Everything is under /shop/."""

from django.urls import include, path
from urls import ALL, addresses  # type: ignore[import-not-found] # it is in the project that is made

urlpatterns = [path("shop/", include(addresses(*ALL)))]
