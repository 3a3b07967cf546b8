"""Forms of the account pages: Django's, with clearer labels and with attributes for password managers."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, UserCreationForm, UsernameField
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from config.accounts.email_forms import AddressField
from config.addresses import LONGEST
from config.lockout import LOGIN_LIMIT, count_try, forget_typed
from config.names import is_of_one_script, spellings_alike
from config.second_factor import require_code
from kv.mail import is_mail_set_up
from kv.web.texts import clean_text

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    # Generic to the type checker alone: Django's own classes take no brackets at run time.
    _UserCreationForm = UserCreationForm[User]
else:
    _UserCreationForm = UserCreationForm


def check_visible(name: str) -> None:
    """Refuse a name with an invisible character: it would look like another name. Raises ValidationError."""
    try:
        is_visible = clean_text(name, joiners=False) == name
    except ValueError:
        is_visible = False
    if not is_visible:
        raise ValidationError(
            _("This name holds a character that can’t be seen. Enter it by hand, in letters and digits."), code="hidden"
        )


class SignUpForm(_UserCreationForm):
    """A new account: a name and a password typed twice, and an e-mail address if one likes (where mail is set up)."""

    email = AddressField(
        label=_("E-mail address"),
        required=False,
        help_text=_("For a new password if you forget yours. It is used once you have confirmed it."),
    )

    class Meta:
        model = get_user_model()
        fields = ("username",)
        field_classes = {"username": UsernameField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = _("Letters, digits and @ . + - _ only, at most 150.")
        self.fields["username"].validators.append(check_visible)
        if not is_mail_set_up():
            del self.fields["email"]

    def clean_username(self) -> str:
        """The name. Raises ValidationError when it has other signs, mixes scripts or looks like one that is taken."""
        name: str = super().clean_username() or ""  # "" for a name that is refused already
        # The form would ask the model only afterwards, and a blank or a slash is in no script.
        UnicodeUsernameValidator()(name)
        if not is_of_one_script(name):
            raise ValidationError(_("This name mixes letters of several alphabets. Use one of them."), code="mixed")
        if get_user_model().objects.filter(username__in=spellings_alike(name)).exists():
            raise ValidationError(_("This name looks like one that is taken. Choose another."), code="alike")
        return name


class LimitedLogInForm(AuthenticationForm):
    """Django's form, which counts every try and asks staff for their second factor."""

    def clean(self) -> dict[str, Any]:
        """Count the try, then check name and password. Raises ValidationError or RateLimited."""
        if self.request is not None:
            count_try(LOGIN_LIMIT, self.request)
        return super().clean()

    def confirm_login_allowed(self, user: Any) -> None:
        """Any user whom the form allows; staff only with their code. Raises ValidationError or CodeRequired."""
        super().confirm_login_allowed(user)
        require_code(user)
        typed = self.cleaned_data.get("username", "")
        if self.request is not None and typed != user.get_username():
            forget_typed(self.request, user, typed)


class AdminLogInForm(LimitedLogInForm, AdminAuthenticationForm):
    """The form of the admin, for staff only."""


_WRONG_WITH_ADDRESS = _(
    "The username or e-mail address, or the password, is wrong. Check both; capital letters matter. "
    "After several failed attempts, logging in is blocked for a while."
)


class LogInForm(LimitedLogInForm):
    """The form of the site. Its error does not tell which of name and password was wrong."""

    error_messages = {
        "invalid_login": _(
            "The username or the password is wrong. Check both; capital letters matter. "
            "After several failed attempts, logging in is blocked for a while."
        ),
        "inactive": _("This account is disabled. Ask whoever runs this site."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        # An address may be longer than a name.
        name.max_length = name.widget.attrs["maxlength"] = LONGEST  # type: ignore[attr-defined] # a text field, as Django's form has it
        if is_mail_set_up():
            name.label = _("Username or e-mail address")
            self.error_messages = self.error_messages | {"invalid_login": _WRONG_WITH_ADDRESS}


class ChangePasswordForm(PasswordChangeForm):
    """The old password, and the new one twice."""

    field_order = ("old_password", "new_password1", "new_password2")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Without autofocus: a screen reader begins at the page's heading, not in the middle of a form.
        self.fields["old_password"].widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
