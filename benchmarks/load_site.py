"""The site under load: a data directory of its own with users, tokens and as many visitors as wanted."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.conf import settings

from benchmarks.http import served_site
from benchmarks.stats_memory import _add, _visitors

USERS = 200
_TOKENS = 10**9


@dataclass(frozen=True)
class LoadedSite:
    """port: where it listens. token: of a service that may act for anyone. users: ids. store_pid: the Valkey's."""

    port: int
    token: str
    users: list[str]
    store_pid: int


@contextmanager
def loaded_site() -> Iterator[LoadedSite]:
    """Two web workers on an embedded store with `appendfsync always`; gone afterwards."""
    from django.contrib.auth.models import Permission, User
    from django.core.management import call_command
    from knox.models import AuthToken

    from benchmarks.store import server_pids
    from kv.store.factories import configured_server
    from usertokens.services.balances import add_tokens

    directory = Path(settings.DATA_DIR)
    (directory / "static").mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
    service = User.objects.create_user("load")
    service.user_permissions.set(Permission.objects.filter(codename__in=("act_for_any", "view_any")))
    token = str(AuthToken.objects.create(service)[1])
    users = [str(User.objects.create_user(f"user{number}").pk) for number in range(USERS)]
    for user in users:
        add_tokens(user, _TOKENS, reason="load")
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": os.fspath(directory), "NUM_PROXIES": "1",
        "SITE_URL": "", "RATE_LIMITS": "off", "SECRET_KEY": settings.SECRET_KEY,
    }  # fmt: skip
    try:
        with served_site(environment) as port:
            yield LoadedSite(port, token, users, server_pids()[0])
    finally:
        server = configured_server()
        if server is not None:
            server.leave()
        shutil.rmtree(directory, ignore_errors=True)


def add_visitors(count: int, seed: int) -> None:
    """So many more visitors of before, as their hashes."""
    _add(islice(_visitors(random.Random(seed)), count))


def read_counts(site: LoadedSite, codes: Sequence[str]) -> dict[str, int]:
    """What the store has counted of each kind of write, from its own process."""
    from codetags.services.counts import get_code
    from stats.services.figures import forget_figures, read_figures
    from usertokens.services.balances import get_balance

    forget_figures()
    hits = [get_code(code) for code in codes]
    return {
        "visit": read_figures().visitors,
        "hit": sum(found.count for found in hits if found),
        "spend": -sum(get_balance(user).tokens.balance for user in site.users),
    }
