"""Moments are aware in Python, whatever USE_TZ says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.db import models
from django.test import override_settings

from kv.rest.fields import MomentField as MomentOutput
from kv.sql.model_fields import MomentField

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def no_zones(settings: Any) -> None:
    settings.USE_TZ = False
    settings.TIME_ZONE = "America/New_York"


def test_without_zones_a_column_has_the_sites_own_time(no_zones: None) -> None:
    assert MomentField().get_prep_value(NOON) == datetime(2026, 7, 1, 8)  # noqa: DTZ001 (what is tested)


def test_without_zones_a_moment_comes_back_aware(no_zones: None) -> None:
    read = MomentField().from_db_value(datetime(2026, 7, 1, 8), None, None)  # noqa: DTZ001 (what is tested)
    assert read == NOON
    assert MomentField().from_db_value(None, None, None) is None


def test_with_zones_it_is_djangos_own() -> None:
    assert MomentField().get_prep_value(NOON) == NOON
    assert MomentField().from_db_value(NOON, None, None) == NOON


def test_migrations_see_djangos_own_field() -> None:
    assert MomentField().deconstruct()[1] == "django.db.models.DateTimeField"


@pytest.mark.parametrize("app", ["kv", "stats", "usertokens", "codetags", "billing"])
def test_no_app_has_another_field_of_moments(app: str) -> None:
    fields = [field for model in apps.get_app_config(app).get_models() for field in model._meta.get_fields()]
    plain = [str(one) for one in fields if isinstance(one, models.DateTimeField) and not isinstance(one, MomentField)]
    assert plain == []


@pytest.mark.parametrize("shown", [{"DATETIME_FORMAT": "%d.%m.%Y"}, {"DATETIME_FORMAT": None}, {}])
def test_the_api_says_the_zone_whatever_the_project_prefers(no_zones: None, shown: dict[str, object]) -> None:
    with override_settings(REST_FRAMEWORK=shown):
        text = MomentOutput().to_representation(NOON)
        assert datetime.fromisoformat(str(text)) == NOON
        assert MomentOutput().to_internal_value("2026-07-01T08:00:00") == NOON
        assert MomentOutput().to_internal_value("2026-07-01T12:00:00Z") == NOON
