"""E-mail addresses as text: one spelling for each, and whose an address is.

Kept is ASCII only: the domain in lower case and as IDNA (`xn--…`), the part before @ as its owner writes it. So two
addresses are the same when their lower case is, in every database, and no letter of another script looks like one.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from config.models import EmailAddress
from kv.web.origins import clean_host

#: Characters of the longest address (RFC 5321, 4.5.3.1.3: a path of 256 with its angle brackets).
LONGEST = 254


def normalize_address(text: str) -> str:
    """The address as it is kept. Raises ValidationError for what is none.

    No part in quotes and no domain in brackets: nobody has such an address, and programs read them differently.
    """
    local, _at, domain = text.strip().rpartition("@")
    try:
        address = f"{local}@{clean_host(domain)}"
        validate_email(address)
    except (ValueError, ValidationError):
        address = ""
    if not address or not address.isascii() or address[0] == '"' or len(address) > LONGEST:
        raise ValidationError(_("Enter an e-mail address, such as name@example.org."), code="invalid")
    return address


def address_key(text: str) -> str:
    """What two spellings of one address have in common; "" for a text that is none."""
    try:
        return normalize_address(text).lower()
    except ValidationError:
        return ""


def find_by_address(text: str) -> Any:
    """The active user whose address this is, or None.

    Who has opened the link in a mail to it comes before whom staff gave it to. Two whom staff gave it to: nobody, since
    it can't be told who is meant. Disabled accounts don't count. Both queries always run, so that the time does not
    tell whether the address is known.
    """
    key = address_key(text)
    users = get_user_model()._default_manager  # noqa: SLF001 (Django's public name for it)
    proven = list(
        EmailAddress.objects.filter(key=key, verified_at__isnull=False, user__is_active=True).select_related("user")
    )
    given = (
        list(users.alias(address=Lower("email")).filter(address=key, is_active=True).order_by("pk")[:2]) if key else []
    )
    # A row is out of date when staff have changed the user's address since.
    owner = next((row.user for row in proven if address_key(row.user.email) == key), None)
    if owner is None and len(given) == 1:
        owner = given[0]
    return owner
