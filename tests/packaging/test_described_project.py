"""Somebody else's description of their API with our apps in it: no warning, whatever their settings are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.packaging.conftest import Drive
from tests.packaging.described_project.drive import RUNS

pytestmark = pytest.mark.slow
EVERY = [" ".join(run) for run in RUNS]
BESIDE = [name for name in EVERY if "theirs" in name]


@pytest.fixture(scope="module")
def runs(drive: Drive) -> dict[str, Any]:
    found: dict[str, Any] = drive("described_project")["runs"]
    return found


@pytest.mark.parametrize("name", EVERY)
def test_there_is_no_warning(runs: dict[str, Any], name: str) -> None:
    assert (runs[name]["status"], runs[name]["said"]) == (0, "")


@pytest.mark.parametrize("name", EVERY)
def test_each_of_our_refusals_has_its_codes(runs: dict[str, Any], name: str) -> None:
    schema = runs[name]["schema"]
    ours = [path for path in schema["paths"] if path.startswith("/shop/api/")]
    assert ours
    for path in ours:
        for operation in schema["paths"][path].values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert response["content"]["application/json"]["schema"]["$ref"].endswith("Error")
    assert "NullEnum" not in schema["components"]["schemas"] or name in BESIDE  # theirs


@pytest.mark.parametrize("name", BESIDE)
def test_their_own_names_stay_theirs(runs: dict[str, Any], name: str) -> None:
    schemas = runs[name]["schema"]["components"]["schemas"]
    assert schemas["PlanEnum"]["enum"] == ["small", "large"]
    assert schemas["ReasonEnum"]["enum"] == ["gift", "sale"]
    assert schemas["CodeEnum"]["enum"] == ["ours", "theirs"]
    assert runs[name]["schema"]["components"]["securitySchemes"] == {
        "BearerAuthentication": {"type": "http", "scheme": "bearer"},
        "LaxSession": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
    }


@pytest.mark.parametrize("name", [name for name in EVERY if "usertokens" in name])
def test_a_stranger_is_answered_as_the_projects_callers_are(runs: dict[str, Any], name: str) -> None:
    """401 where the first way to log in has a header to ask for it; DRF's own default, the session, has none."""
    responses = runs[name]["schema"]["paths"]["/shop/api/tokens"]["get"]["responses"]
    assert ("401" in responses) == (name in BESIDE)
    assert "`permission_denied`" in responses["403"]["description"] or name in BESIDE
