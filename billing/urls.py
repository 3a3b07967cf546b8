"""URLs of the app. `include("billing.urls")` has the API and the pages; a project may include one of them."""

from django.db.transaction import non_atomic_requests
from django.urls import include, path

from billing.views import api as api_views
from billing.views import pages as page_views
from billing.views import webhook

api = [
    # Not inside a project's transaction: the row must be committed before Stripe is answered and the worker woken.
    path("api/webhooks/stripe", non_atomic_requests(webhook.StripeWebhookView.as_view()), name="webhook"),
    path("api/billing/checkout", api_views.CheckoutView.as_view(), name="checkout"),
    path("api/billing/portal", api_views.PortalView.as_view(), name="portal"),
    path("api/billing/subscription", api_views.SubscriptionView.as_view(), name="subscription"),
]
pages = [
    path("pricing", page_views.pricing, name="pricing"),
    path("pricing/checkout", page_views.CheckoutPage.as_view(), name="checkout"),
    path("pricing/portal", page_views.PortalPage.as_view(), name="portal"),
    path("pricing/return", page_views.ReturnPage.as_view(), name="return"),
]
urlpatterns = [path("", include((api, "billing_api"))), path("", include((pages, "billing")))]
