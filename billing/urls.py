"""URLs of the app. `include("billing.urls")` has the API and the pages; a project may include one of them."""

from django.urls import include, path

from kv.web.lazy_views import LazyView

api = [
    path("api/webhooks/stripe", LazyView("billing.views.webhook.StripeWebhookView"), name="webhook"),
    path("api/billing/checkout", LazyView("billing.views.api.CheckoutView"), name="checkout"),
    path("api/billing/portal", LazyView("billing.views.api.PortalView"), name="portal"),
    path("api/billing/subscription", LazyView("billing.views.api.SubscriptionView"), name="subscription"),
]
pages = [
    path("pricing", LazyView("billing.views.pages.pricing"), name="pricing"),
    path("pricing/checkout", LazyView("billing.views.pages.CheckoutPage"), name="checkout"),
    path("pricing/portal", LazyView("billing.views.pages.PortalPage"), name="portal"),
    path("pricing/return", LazyView("billing.views.pages.ReturnPage"), name="return"),
]
urlpatterns = [path("", include((api, "billing_api"))), path("", include((pages, "billing")))]
