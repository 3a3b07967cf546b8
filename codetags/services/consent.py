"""What a visitor has agreed to: written into a cookie of the visitor's own, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from codetags.services.cookies import CHOICE_COOKIE, optional_categories, policy_version
from codetags.types import NECESSARY, Choice

# "<version>.<category>-<category>": plain signs alone, or the cookie would be quoted.
_VALUE = re.compile(r"([0-9a-f]{8})\.([a-z0-9_]+(?:-[a-z0-9_]+)*)")


def read_choice(cookies: Mapping[str, str]) -> Choice | None:
    """What the visitor chose under the policy of today; None when there is no such choice, so that we must ask."""
    found = _VALUE.fullmatch(cookies.get(CHOICE_COOKIE, "")[:512])
    if found is None or found[1] != policy_version():
        return None
    return Choice(found[1], (frozenset(found[2].split("-")) & optional_categories()) | {NECESSARY})


def allows(cookies: Mapping[str, str], category: str) -> bool:
    """Whether the visitor has agreed to a category; always for `necessary`."""
    choice = read_choice(cookies)
    return category == NECESSARY or (choice is not None and category in choice.categories)


def make_choice(categories: Iterable[str]) -> Choice:
    """A choice under the policy of today; categories that it does not have are left out."""
    return Choice(policy_version(), (frozenset(categories) & optional_categories()) | {NECESSARY})


def write_choice(choice: Choice) -> str:
    """The cookie's value."""
    return f"{choice.version}.{'-'.join(sorted(choice.categories))}"
