"""URLs of the app. `include("billing.urls")` has the API and the pages; a project may include one of them."""

from django.urls import include, path

from kv.web.lazy_views import LazyView

api = [
    path("api/webhooks/stripe", LazyView("billing.views.webhook.StripeWebhookView"), name="webhook"),
    path("api/billing/checkout", LazyView("billing.views.api.CheckoutView"), name="checkout"),
    path("api/billing/portal", LazyView("billing.views.api.PortalView"), name="portal"),
    path("api/billing/auto-topup", LazyView("billing.views.auto_api.AutoTopUpView"), name="auto_topup"),
    path("api/billing/subscription", LazyView("billing.views.api.SubscriptionView"), name="subscription"),
]
pages = [
    path("pricing", LazyView("billing.views.pricing.pricing"), name="pricing"),
    path("pricing/mine", LazyView("billing.views.pricing.mine"), name="mine"),
    path("pricing/checkout", LazyView("billing.views.pages.CheckoutPage"), name="checkout"),
    path("pricing/portal", LazyView("billing.views.pages.PortalPage"), name="portal"),
    path("pricing/auto-topup", LazyView("billing.views.auto_pages.AutoTopUpPage"), name="auto_topup"),
    path("pricing/auto-topup/card", LazyView("billing.views.auto_pages.CardPage"), name="auto_topup_card"),
    path("pricing/auto-topup/confirm", LazyView("billing.views.auto_pages.ConfirmPage"), name="auto_topup_confirm"),
    path("pricing/auto-topup/off", LazyView("billing.views.auto_pages.OffPage"), name="auto_topup_off"),
    path("pricing/cancelled", LazyView("billing.views.results.cancelled"), name="cancelled"),
    path("pricing/payments/<str:payment_id>", LazyView("billing.views.results.document"), name="document"),
    path("pricing/return", LazyView("billing.views.results.ReturnPage"), name="return"),
]
urlpatterns = [path("", include((api, "billing_api"))), path("", include((pages, "billing")))]
