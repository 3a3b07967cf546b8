"""Everything is under /shop/."""

from django.urls import include, path
from urls import ALL, addresses  # type: ignore[import-not-found]

urlpatterns = [path("shop/", include(addresses(*ALL)))]
