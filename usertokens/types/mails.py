"""What the services of mails return; a part of `usertokens.types`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class MailState(StrEnum):
    """The state of a mail in the outbox. SKIPPED: it was not to be sent; the mail's note says why."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, in the active language. Its text and its HTML are made from it.

    facts:  labels with their values, such as ("Balance", "9").
    action: the one link: its label and its absolute address.
    """

    subject: str
    paragraphs: tuple[str, ...]
    action: tuple[str, str]
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MailKind:
    """A kind of mail, which users switch on and off. An app lists its kinds in `mail_kinds` of its AppConfig.

    name:       stable, at most 30 characters.
    label, when: what users read where they choose: its name, and when it comes.
    check:      called with the user's id, the data that were queued, and the present time, just before the mail is
                sent. Returns the data as they are now; None when the news is stale. Raises MailNotYet or
                StoreUnavailable.
    write:      makes the letter of these data, in the active language.
    is_default: whether users who have chosen nothing get it.
    is_offered: called for the page of the choices: whether the project sends this kind at all.
    """

    name: str
    label: StrOrPromise
    when: StrOrPromise
    check: Callable[[str, Mapping[str, Any], datetime], Mapping[str, Any] | None]
    write: Callable[[Mapping[str, Any]], Letter]
    is_default: bool = True
    is_offered: Callable[[], bool] = lambda: True
