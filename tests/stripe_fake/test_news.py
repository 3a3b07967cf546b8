"""What the pinned library knows is written down, and an upgrade names what it adds."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import stripe

import billing
from billing.services.events import RELEVANT
from tests.stripe_fake import news


@pytest.fixture(scope="module")
def kept() -> news.Inventory:
    found: news.Inventory = json.loads(news.INVENTORY.read_text())
    return found


def test_the_inventory_is_of_the_pinned_version(kept: news.Inventory) -> None:
    """After an upgrade of stripe: decide what is new, then `python -m tests.stripe_fake.news --write`."""
    assert news.compare(kept, news.take_inventory()) == []


def test_the_site_reads_this_version(kept: news.Inventory) -> None:
    source = (Path(billing.__file__).parent / "services" / "stripe_api.py").read_text()
    assert kept["version"] == stripe.api_version
    assert f'"{kept["version"]}"' in source


def test_the_events_that_count_are_events_of_stripes(kept: news.Inventory) -> None:
    assert set(RELEVANT) <= set(kept["events"].split())


def test_what_a_new_version_adds_is_named(kept: news.Inventory, capsys: pytest.CaptureFixture[str]) -> None:
    newer = copy.deepcopy(kept)
    newer["version"] = "2027-03-31.fennel"
    newer["events"] += " charge.dispute.appealed"
    newer["objects"]["dispute"]["status"] += " appeal_won"
    newer["objects"]["refund"]["fields"] = newer["objects"]["refund"]["fields"].replace(" charge ", " charged ")
    newer["requests"]["POST /v1/customers"] += " nickname"
    assert news.compare(kept, newer) == [
        f"version {kept['version']} → 2027-03-31.fennel",
        "new event: charge.dispute.appealed",
        "new parameter of POST /v1/customers: nickname",
        "new value of dispute.status: appeal_won",
        "new field of refund: charged",
        "gone field of refund: charge",
    ]
    assert news.main(write=False) == 0
    assert capsys.readouterr().out == "Nothing new.\n"
