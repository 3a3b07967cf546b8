"""Everything is under /shop/: a proxy serves other things beside it."""

from django.contrib import admin
from django.urls import include, path
from shop.views import article

shop_patterns = [path("admin/", admin.site.urls), path("article", article)]
urlpatterns = [path("shop/", include(shop_patterns))]
