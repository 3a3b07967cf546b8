"""URLs of the account pages."""

from django.urls import path

from config.accounts import email, second_factor, views, way_back

app_name = "accounts"

urlpatterns = [
    path("accounts/profile", views.OverviewView.as_view(), name="overview"),
    path("accounts/sessions", views.SessionsView.as_view(), name="sessions"),
    path("accounts/signup", views.SignUpView.as_view(), name="signup"),
    path("accounts/login", views.LogInView.as_view(), name="login"),
    path("accounts/second-factor", second_factor.CodeView.as_view(), name="second_factor"),
    path("accounts/second-factor/settings", second_factor.SettingsView.as_view(), name="second_factor_settings"),
    path("accounts/logout", views.LogOutView.as_view(), name="logout"),
    path("accounts/password", views.ChangePasswordView.as_view(), name="password_change"),
    path("accounts/password/done", views.PasswordChangedView.as_view(), name="password_change_done"),
    path("accounts/password/reset", way_back.ResetView.as_view(), name="password_reset"),
    path("accounts/password/reset/sent", way_back.ResetSentView.as_view(), name="password_reset_sent"),
    path("accounts/password/reset/done", way_back.ResetDoneView.as_view(), name="password_reset_done"),
    path(
        "accounts/password/reset/<uidb64>/<token>",
        way_back.ResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("accounts/recover", way_back.RecoverView.as_view(), name="recover"),
    path("accounts/recovery-codes", way_back.RecoveryCodesView.as_view(), name="recovery_codes"),
    path("accounts/email", email.EmailView.as_view(), name="email"),
    path("accounts/email/confirm/<secret>", email.ConfirmEmailView.as_view(), name="email_confirm"),
    path("accounts/email/remove", email.RemoveEmailView.as_view(), name="email_remove"),
]
