"""A dump of the whole project's database, as projects move from SQLite to PostgreSQL with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

from codetags.models import CodeTag


@pytest.mark.django_db
def test_every_table_is_dumped_and_loaded(store: Any, tmp_path: Path) -> None:
    CodeTag.objects.create(code="BT26", label="Poster")
    get_user_model().objects.create_user("ada", password="x")
    file = tmp_path / "dump.json"
    call_command("dumpdata", output=str(file), natural_foreign=True, exclude=["contenttypes", "auth.permission"])
    CodeTag.objects.all().delete()
    get_user_model().objects.all().delete()
    call_command("loaddata", str(file), verbosity=0)
    assert CodeTag.objects.get().label == "Poster"
    assert get_user_model().objects.get().get_username() == "ada"
