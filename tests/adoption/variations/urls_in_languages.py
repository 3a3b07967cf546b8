"""All under a prefix of the language."""

from django.conf.urls.i18n import i18n_patterns
from urls import ALL, addresses  # type: ignore[import-not-found] # it is in the project that is made

urlpatterns = i18n_patterns(*addresses(*ALL))
