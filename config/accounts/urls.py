"""URLs of the account pages."""

from django.urls import path

from config.accounts import second_factor, views

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
]
