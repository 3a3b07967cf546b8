"""What mails about accounts say, in the reader's language. Links begin with SITE_URL, never with a request's host."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from config.mail_queue import CHANGED, CODES, CONFIRM, PASSWORD, REMOVED, RESET
from config.models import AccountMail
from config.verification import is_taken, link_secret, waiting_address


@dataclass(frozen=True)
class Letter:
    """A mail before it is set as text and as HTML. `label` names the link `url`; both may be ""."""

    to: str
    subject: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    url: str = ""
    label: str = ""


def compose_letter(mail: AccountMail, *, now: datetime | None = None) -> Letter | None:
    """The letter of a queued mail; None when there is nothing to say any more."""
    user: Any = mail.user
    if user is None or not user.is_active:
        return None
    with override(mail.language):
        if mail.kind == CONFIRM:
            return _confirm(user, now)
        if mail.kind == RESET:
            return _reset(user)
        return _notice(mail)


def site_name() -> str:
    """The site as readers know it: its host."""
    return urlsplit(settings.SITE_URL).hostname or ""


def site_link(name: str, *args: str) -> str:
    """The whole address of one of the site's pages."""
    return settings.SITE_URL + reverse(name, args=args)


def _confirm(user: Any, now: datetime | None) -> Letter | None:
    row = waiting_address(user, now=now)
    if row is None:
        return None
    site = {"site": site_name()}
    if is_taken(row):
        return Letter(
            to=row.address,
            subject=_("Your e-mail address at %(site)s") % site,
            before=(
                _(
                    "Somebody entered this address for another account at %(site)s. "
                    "It belongs to an account there, so nothing was changed."
                )
                % site,
                _("If it was you: log in with this address. If you have forgotten the password, set a new one here:"),
            ),
            url=site_link("accounts:password_reset"),
            label=_("Set a new password"),
            after=(_("If it was not you, ignore this mail."),),
        )
    return Letter(
        to=row.address,
        subject=_("Confirm your e-mail address for %(site)s") % site,
        before=(_("This address was entered for an account at %(site)s. Open this page to confirm it:") % site,),
        url=site_link("accounts:email_confirm", link_secret(row)),
        label=_("Confirm the address"),
        after=(
            _("The link works once, for 24 hours. The page asks you to log in first."),
            _("If it was not you, ignore this mail: without the confirmation the address is not used."),
        ),
    )


def _reset(user: Any) -> Letter | None:
    if not user.email or not user.has_usable_password():
        return None
    token = default_token_generator.make_token(user)
    names = {"name": user.get_username(), "site": site_name()}
    return Letter(
        to=user.email,
        subject=_("Set a new password for %(site)s") % names,
        before=(_("A new password was asked for your account %(name)s at %(site)s. Set it here:") % names,),
        url=site_link("accounts:password_reset_confirm", urlsafe_base64_encode(force_bytes(user.pk)), token),
        label=_("Set a new password"),
        after=(
            _("The link works once, for one hour."),
            _("If it was not you, ignore this mail: your password stays as it is."),
        ),
    )


def _notice(mail: AccountMail) -> Letter | None:
    user: Any = mail.user
    names = {"name": user.get_username(), "site": site_name()}
    subjects = {
        CHANGED: _("Your e-mail address at %(site)s was changed"),
        REMOVED: _("Your e-mail address at %(site)s was removed"),
        PASSWORD: _("Your password at %(site)s was changed"),
        CODES: _("New recovery codes for your account at %(site)s"),
    }
    texts = {
        CHANGED: _("Your account %(name)s at %(site)s has another e-mail address now. This one is no longer used."),
        REMOVED: _("Your account %(name)s at %(site)s no longer has an e-mail address. This one is no longer used."),
        PASSWORD: _(
            "The password of your account %(name)s at %(site)s was changed. You are logged out on every other device."
        ),
        CODES: _(
            "Recovery codes were created for your account %(name)s at %(site)s. Each of them sets a new password."
        ),
    }
    is_own = mail.kind in (PASSWORD, CODES)
    to = user.email if is_own else mail.address
    if mail.kind not in texts or not to:
        return None
    if is_own:
        page, label = "accounts:password_reset", _("Set a new password")
        advice = (
            _("If it was not you, set a new password at once:")
            if mail.kind == PASSWORD
            else _("If it was not you, set a new password at once. The codes are not valid then:")
        )
    else:
        page, label = "accounts:login", pgettext("button", "Log in")
        advice = _("If it was not you, log in at once, and change the password and the address:")
    return Letter(
        to=to,
        subject=subjects[mail.kind] % names,
        before=(texts[mail.kind] % names, _("If it was you, there is nothing to do."), advice),
        url=site_link(page),
        label=label,
        after=(),
    )
