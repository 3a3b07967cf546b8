"""What a visitor has agreed to. It is stored only in a cookie of the visitor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from codetags.services.cookies import CHOICE_COOKIE, optional_categories, policy_version
from codetags.types import NECESSARY, Choice

# "<version>.<category>-<category>": only characters that need no quotes in a cookie.
_VALUE = re.compile(r"([0-9a-f]{8})\.([a-z0-9_]+(?:-[a-z0-9_]+)*)")


def read_choice(cookies: Mapping[str, str]) -> Choice | None:
    """What the visitor chose under the current policy; None when there is no such choice: the visitor must be asked."""
    found = _VALUE.fullmatch(cookies.get(CHOICE_COOKIE, "")[:512])
    if found is None or found[1] != policy_version():
        return None
    return Choice(found[1], (frozenset(found[2].split("-")) & optional_categories()) | {NECESSARY})


def allows(cookies: Mapping[str, str], category: str) -> bool:
    """Whether the visitor has agreed to a category; always for `necessary`."""
    choice = read_choice(cookies)
    return category == NECESSARY or (choice is not None and category in choice.categories)


def make_choice(categories: Iterable[str]) -> Choice:
    """A choice under the current policy. Categories that it does not have are ignored."""
    return Choice(policy_version(), (frozenset(categories) & optional_categories()) | {NECESSARY})


def write_choice(choice: Choice) -> str:
    """The cookie's value."""
    return f"{choice.version}.{'-'.join(sorted(choice.categories))}"
