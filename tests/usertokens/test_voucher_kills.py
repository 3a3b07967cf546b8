"""`kill -9` of a process that redeems: each use that it counted becomes one grant, and there is no other."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from kv.store.connection import connection as store_connection
from kv.times import utc_now
from tests.house.tree import ROOT
from usertokens.models import Redemption, Voucher
from usertokens.services import get_balance, make_vouchers, vouchers

pytestmark = pytest.mark.django_db(transaction=True)


def environment(data: Path) -> dict[str, str]:
    """For a process on the test's own database and store."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    client: Any = store_connection()
    options = client.connection_pool.connection_kwargs if hasattr(client, "connection_pool") else {}
    place = settings.CACHES["kv"]["LOCATION"]
    store = f"unix://{options['path']}?db={options.get('db', 0)}" if "path" in options else place
    own = {"DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "true", "DATA_DIR": str(data)}
    return {**os.environ, **own, "DATABASE_URL": url, "REDIS_URL": store}


def test_killed_while_it_redeems(store: Any, tmp_path: Path) -> None:
    rng = random.Random(17)
    for turn in range(3):
        codes = make_vouchers(60, 5, label=f"turn {turn}", max_uses=2)
        user_id = str(100 + turn)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.usertokens.redeemer"], cwd=ROOT, env=environment(tmp_path), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin, process.stdout:
            process.stdin.write("".join(f"{user_id} {code}\n" for code in codes))
            process.stdin.flush()
            said = [process.stdout.readline().strip() for _ in range(rng.randrange(1, 30))]
            process.kill()
            said += process.stdout.read().split()
        process.wait(30)
        assert set(said) <= set(codes), said
        while vouchers.finish_redemptions(now=utc_now() + timedelta(minutes=2)):
            pass
        rows = Redemption.objects.filter(user_id=user_id).select_related("voucher")
        assert {row.voucher.code for row in rows} >= set(said)
        assert {row.state for row in rows} == {"granted"}
        assert get_balance(user_id).tokens.balance == 100 + 5 * len(rows)
    for voucher in Voucher.objects.all():
        assert voucher.uses == voucher.redemptions.count()
