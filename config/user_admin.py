"""Users in the admin: Django's pages, with rules for the e-mail address."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from config.addresses import address_key, find_by_address, normalize_address
from config.mail_queue import CHANGED, PASSWORD, REMOVED, queue_mail
from config.models import EmailAddress

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    # Generic to the type checker alone: Django's own classes take no brackets at run time.
    _UserChangeForm = UserChangeForm[User]
    _UserAdmin = UserAdmin[User]
else:
    _UserChangeForm, _UserAdmin = UserChangeForm, UserAdmin


class AccountForm(_UserChangeForm):
    """Django's form, with the one spelling of an address, which is no other user's."""

    def clean_email(self) -> str:
        """The address, or "". Raises ValidationError."""
        text: str = self.cleaned_data["email"]
        if not text or text == self.initial.get("email"):
            return text
        address = normalize_address(text)
        owner = find_by_address(address)
        if owner is not None and owner.pk != self.instance.pk:
            raise ValidationError(_("Another account has this address."), code="taken")
        return address


class AccountAdmin(_UserAdmin):
    """Django's pages. An address that staff enter counts as verified; the one before is told."""

    form = AccountForm
    readonly_fields = ("email_state",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Django's, with what is known of the address after it."""
        shown = super().get_fieldsets(request, obj)
        return [
            (title, options | {"fields": [*options["fields"], "email_state"]})
            if "email" in options["fields"]
            else (title, options)
            for title, options in shown
        ]

    @admin.display(description=gettext_lazy("State of the address"))
    def email_state(self, user: Any) -> str:
        """When it was confirmed, and which address waits for its link."""
        known = []
        for row in EmailAddress.objects.filter(user=user.pk).order_by("pk"):
            day = date_format(timezone.localtime(row.verified_at or row.asked_at), "DATETIME_FORMAT")
            if row.verified_at is None:
                known.append(_("%(address)s waiting for its link since %(day)s") % {"address": row.address, "day": day})
            elif address_key(user.email) == row.key:
                known.append(_("confirmed on %(day)s") % {"day": day})
        return "; ".join(known) or "–"

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 (Django's)
        """Django's page; the user is told by mail."""
        before = self.get_object(request, unquote(id)) if request.method == "POST" else None
        answer = super().user_change_password(request, id, form_url)
        if before is not None and answer.status_code == HTTPStatus.FOUND:
            user = self.get_object(request, unquote(id))
            if user is not None and user.password != before.password and user.has_usable_password():
                queue_mail(PASSWORD, user, language=get_language() or "en")
        return answer

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 (Django's)
        """Save the user; with another address, forget what was known of the one before."""
        before = form.initial.get("email", "") if change and "email" in form.changed_data else obj.email
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if address_key(before) == address_key(obj.email):
                return
            EmailAddress.objects.filter(user=obj).delete()
            if address_key(before):
                kind = CHANGED if obj.email else REMOVED
                queue_mail(kind, obj, address=before, language=get_language() or "en")
