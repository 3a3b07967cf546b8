"""Their addresses: ours among them, and theirs where drf-spectacular can describe them."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [path("shop/", include(f"{app}.urls")) for app in settings.APPS]  # type: ignore[misc] # this project's own setting
if settings.REST_FRAMEWORK:
    from theirs import OrderView  # type: ignore[import-not-found] # it is in the project that is made

    urlpatterns += [path("orders", OrderView.as_view())]
