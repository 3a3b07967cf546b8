"""Addresses of the app: `include("usertokens.urls")` has both; a project may take `api` and `pages` apart."""

from django.urls import include, path

from usertokens.views import accounts as account_views
from usertokens.views import api as api_views
from usertokens.views import holds as hold_views
from usertokens.views import pages as page_views
from usertokens.views import tokens as token_views

api = [
    path("api/dashboard", api_views.DashboardView.as_view(), name="dashboard"),
    path("api/mood", api_views.MoodView.as_view(), name="mood"),
    path("api/plan", api_views.PlanView.as_view(), name="plan"),
    path("api/chat/save", api_views.ConversationView.as_view(), name="conversation"),
    path("api/generations", token_views.GenerationView.as_view(), name="generation"),
    path("api/tokens", token_views.BalanceView.as_view(), name="balance"),
    path("api/tokens/spend", token_views.SpendView.as_view(), name="spend"),
    path("api/tokens/add", token_views.AddView.as_view(), name="add"),
    path("api/tokens/reset", token_views.ResetView.as_view(), name="reset"),
    path("api/tokens/transactions", token_views.TransactionsView.as_view(), name="transactions"),
    path("api/tokens/holds", hold_views.HoldsView.as_view(), name="holds"),
    path("api/tokens/holds/<str:hold_id>/capture", hold_views.CaptureView.as_view(), name="capture"),
    path("api/tokens/holds/<str:hold_id>/release", hold_views.ReleaseView.as_view(), name="release"),
]
pages = [
    path("dashboard", page_views.dashboard, name="dashboard"),
    path("dashboard/mood", page_views.mood, name="mood"),
    path("dashboard/note", page_views.dismiss_note, name="dismiss_note"),
    path("dashboard/history", page_views.history, name="history"),
    path("dashboard/history.csv", page_views.history_csv, name="history_csv"),
    path("accounts/data", account_views.download, name="download"),
    path("accounts/delete", account_views.delete, name="delete"),
]
urlpatterns = [path("", include((api, "usertokens_api"))), path("", include((pages, "usertokens")))]
