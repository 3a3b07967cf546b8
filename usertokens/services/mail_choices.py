"""Which mails a user gets, in which language, and the signed links that switch a kind off."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core import signing

from kv.times import utc_now
from usertokens.models import MailChoice, MailLanguage
from usertokens.services.mail_kinds import find_kind, mail_kinds
from usertokens.services.users import find_user

#: The longest that two texts of a link may be; a longer one is none of ours.
_LONGEST_TOKEN = 300
_signer = signing.Signer(salt="usertokens.mails")


def read_choices(user_id: str) -> dict[str, bool]:
    """Whether the user gets each kind of mail, by its name, in the order of the page."""
    chosen = dict(MailChoice.objects.filter(user_id=user_id).values_list("kind", "is_on"))
    return {name: chosen.get(name, kind.is_default) for name, kind in mail_kinds().items()}


def is_wanted(user_id: str, kind: str) -> bool:
    """Whether the user gets this kind of mail. Raises UnknownMailKind."""
    is_default = find_kind(kind).is_default
    found = MailChoice.objects.filter(user_id=user_id, kind=kind).values_list("is_on", flat=True).first()
    return is_default if found is None else found


def choose_mails(user_id: str, wanted: Iterable[str], offered: Iterable[str], *, now: datetime | None = None) -> None:
    """Of the kinds that were offered, switch on those that are wanted, and the others off.

    A choice that stays keeps the time since when it is.
    """
    names, choices = set(wanted), read_choices(user_id)
    for kind in offered:
        is_on = choices[kind]
        if is_on != (kind in names):
            switch_mail(user_id, kind, is_on=not is_on, now=now)


def switch_mail(user_id: str, kind: str, *, is_on: bool, now: datetime | None = None) -> None:
    """Switch one kind on or off. Raises UnknownMailKind."""
    find_kind(kind)
    MailChoice.objects.update_or_create(
        user_id=user_id, kind=kind, defaults={"is_on": is_on, "changed_at": now or utc_now()}
    )


def list_takers(kind: str, user_ids: Iterable[str]) -> dict[str, datetime]:
    """Those of some users who have switched a kind on by themselves, and since when."""
    rows = MailChoice.objects.filter(kind=kind, is_on=True, user_id__in=list(user_ids))
    return dict(rows.values_list("user_id", "changed_at"))


def language_of(user_id: str) -> str:
    """The language of a user's mails; the site's own while none is known."""
    return known_language(user_id) or settings.LANGUAGE_CODE


def known_language(user_id: str) -> str:
    """The language that the user has chosen or last logged in with; "" for none, or one that the site has no more."""
    found = MailLanguage.objects.filter(user_id=user_id).values_list("language", flat=True).first() or ""
    return found if found in dict(settings.LANGUAGES) else ""


def choose_language(user_id: str, language: str) -> None:
    """Set the language of a user's mails for good."""
    MailLanguage.objects.update_or_create(user_id=user_id, defaults={"language": language, "is_chosen": True})


def note_language(user_id: str, language: str) -> None:
    """The user has logged in on a page in this language: mails come in it, unless the user has chosen one."""
    known = MailLanguage.objects.filter(user_id=user_id).first()
    if known is None:
        MailLanguage.objects.get_or_create(user_id=user_id, defaults={"language": language})
    elif known.language != language and not known.is_chosen:
        MailLanguage.objects.filter(user_id=user_id, is_chosen=False).update(language=language)


def make_token(user_id: str, kind: str) -> str:
    """The signed text of a link that switches a kind off. It is good for ever: a mail may be read late."""
    return _signer.sign_object([user_id, kind])


def read_token(token: str) -> tuple[str, str]:
    """The user's id and the kind. Raises UnknownUser, UnknownMailKind, or ValueError for a text that is no token."""
    if len(token) > _LONGEST_TOKEN:
        raise ValueError("no token")
    try:
        user_id, kind = _signer.unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError):
        raise ValueError("no token") from None
    find_user(user_id)  # nothing is written about an account that was deleted
    find_kind(kind)
    return str(user_id), str(kind)
