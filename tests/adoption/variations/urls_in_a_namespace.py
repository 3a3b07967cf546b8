"""The project includes the apps within a namespace of its own."""

from django.urls import include, path
from urls import ALL, addresses  # type: ignore[import-not-found] # it is in the project that is made

urlpatterns = addresses(path("shop/", include((ALL, "shop"))))
