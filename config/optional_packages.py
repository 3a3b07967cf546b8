"""Keeps what the site has no use for out of its processes: 300 modules, a tenth of their memory.

Django REST framework imports every package that one of its parts could use, if it is installed: a Postgres driver for
fields of PostgreSQL's own kinds, `requests` for a test client, Markdown and syntax colours for pages that the site does
not show. They are installed for others: Stripe's library needs `requests`, a site on PostgreSQL its driver.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_UNUSED = ("docutils", "markdown", "psycopg", "psycopg2", "pygments", "requests")


def import_rest_framework() -> None:
    """Import it as if those were not installed. Whoever imports one of them afterwards gets it."""
    with _hidden(_UNUSED):
        import rest_framework.compat
        import rest_framework.schemas  # noqa: F401 (the admin's documentation, which it imports, needs docutils)


@contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    """Within the block importing these fails, unless they are there already."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # so the interpreter spells it
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
