"""The app's part of the panel "Today" on the admin's index, and of the page about a user: see kv.desk.parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from kv.days import day_start, local_day
from kv.desk.parts import Figure, Panel, Section, admin_link
from kv.errors import StoreUnavailable
from kv.mail import is_mail_set_up
from kv.rest.permissions import may
from kv.web.formats import format_number
from usertokens.errors import AccountClosed
from usertokens.permissions import VIEW_ANY, VIEW_USAGE
from usertokens.services.directory import count_joined, spent_on
from usertokens.services.mails import count_mails
from usertokens.services.usage import read_usage
from usertokens.templatetags.usertokens import may_see_tokens
from usertokens.types import MailState


def _users_permission() -> str:
    options = get_user_model()._meta  # noqa: SLF001 (Django documents it)
    return f"{options.app_label}.view_{options.model_name}"


def _users_page(reader: Any) -> str:
    """The list with the newest users first, for who may see it; Django's own for others."""
    options = get_user_model()._meta  # noqa: SLF001 (Django documents it)
    newest_first = admin_link("usertokens.tokenledger_changelist") if may_see_tokens(reader) else ""
    return newest_first or admin_link(f"{options.app_label}.{options.model_name}_changelist")


def _sign_ups(_replies: Sequence[Any] | None) -> Iterator[Figure]:
    yield Figure(_("Sign-ups"), format_number(count_joined(since=day_start(local_day()))), url=_users_page)


def _usage_page(reader: Any) -> str:
    """The page about the usage of all users, for who may see it; the list of users for others."""
    page = "usertokens.usage_changelist" if may(reader, VIEW_USAGE) else "usertokens.tokenledger_changelist"
    return admin_link(page)


def _tokens(_replies: Sequence[Any] | None) -> Iterator[Figure]:
    spent = format_number(spent_on(local_day()))
    yield Figure(_("Tokens spent"), spent, _("added up every few minutes"), _usage_page)


def _mails(_replies: Sequence[Any] | None) -> Iterator[Figure]:
    counts = count_mails()
    failed = counts.get(MailState.FAILED.value, 0)
    waiting = counts.get(MailState.WAITING.value, 0) + counts.get(MailState.SENDING.value, 0)
    if is_mail_set_up() or failed or waiting:
        page = admin_link("usertokens.outgoingmail_changelist", query="state__exact=failed" if failed else "")
        note = _("%(failed)s failed") % {"failed": format_number(failed)} if failed else ""
        yield Figure(_("Mails waiting"), format_number(waiting), note, page, "warning" if failed else "")


def _usage_section(user_id: str) -> dict[str, Any] | None:
    """What the user has used lately; nothing where there is nothing, or where it can't be read."""
    try:
        report = read_usage(user_id)
    except (StoreUnavailable, AccountClosed):
        return None
    return {"report": report} if report.actions else None


SECTIONS = (Section(VIEW_ANY, order=10, template="usertokens/admin/user_usage.html", read=_usage_section),)
PANELS = (
    Panel(_users_permission, order=30, read=_sign_ups),
    Panel(VIEW_ANY, order=31, read=_tokens),
    Panel("usertokens.view_outgoingmail", order=50, read=_mails),
)
