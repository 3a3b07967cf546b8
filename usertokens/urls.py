"""Addresses of the app: `include("usertokens.urls")` has both; a project may take `api` and `pages` apart."""

from django.urls import include, path

from kv.web.lazy_views import LazyView

api = [
    path("api/dashboard", LazyView("usertokens.views.api.DashboardView"), name="dashboard"),
    path("api/mood", LazyView("usertokens.views.api.MoodView"), name="mood"),
    path("api/plan", LazyView("usertokens.views.api.PlanView"), name="plan"),
    path("api/chat/save", LazyView("usertokens.views.api.ConversationView"), name="conversation"),
    path("api/generations", LazyView("usertokens.views.tokens.GenerationView"), name="generation"),
    path("api/tokens", LazyView("usertokens.views.tokens.BalanceView"), name="balance"),
    path("api/tokens/spend", LazyView("usertokens.views.tokens.SpendView"), name="spend"),
    path("api/tokens/add", LazyView("usertokens.views.tokens.AddView"), name="add"),
    path("api/tokens/redeem", LazyView("usertokens.views.redeeming.RedeemView"), name="redeem"),
    path("api/tokens/reset", LazyView("usertokens.views.tokens.ResetView"), name="reset"),
    path("api/tokens/budget", LazyView("usertokens.views.budgets.BudgetView"), name="budget"),
    path("api/tokens/transactions", LazyView("usertokens.views.tokens.TransactionsView"), name="transactions"),
    path("api/tokens/usage", LazyView("usertokens.views.usage.UsageView"), name="usage"),
    path("api/tokens/holds", LazyView("usertokens.views.holds.HoldsView"), name="holds"),
    path("api/tokens/holds/<str:hold_id>/capture", LazyView("usertokens.views.holds.CaptureView"), name="capture"),
    path("api/tokens/holds/<str:hold_id>/release", LazyView("usertokens.views.holds.ReleaseView"), name="release"),
]
pages = [
    path("dashboard", LazyView("usertokens.views.pages.dashboard"), name="dashboard"),
    path("dashboard/mood", LazyView("usertokens.views.pages.mood"), name="mood"),
    path("dashboard/note", LazyView("usertokens.views.pages.dismiss_note"), name="dismiss_note"),
    path("dashboard/budget", LazyView("usertokens.views.budget_page.budget"), name="budget"),
    path("dashboard/history", LazyView("usertokens.views.pages.history"), name="history"),
    path("dashboard/history.csv", LazyView("usertokens.views.pages.history_csv"), name="history_csv"),
    path("redeem", LazyView("usertokens.views.redeem_page.redeem"), name="redeem"),
    path("accounts/mails", LazyView("usertokens.views.mails.choices"), name="mails"),
    path("accounts/mails/stop/<str:token>", LazyView("usertokens.views.mails.stop"), name="mail_off"),
    path("accounts/data", LazyView("usertokens.views.accounts.download"), name="download"),
    path("accounts/delete", LazyView("usertokens.views.accounts.delete"), name="delete"),
]
urlpatterns = [path("", include((api, "usertokens_api"))), path("", include((pages, "usertokens")))]
