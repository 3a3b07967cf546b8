"""Usage beside what the calls answered: spends, generations, holds captured under and over, walks, archives."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.usertokens.journals import site_of_users, walk
from usertokens.services import balances, directory, holds, journal, read_site_usage, read_usage
from usertokens.services.audits import check_ledgers
from usertokens.services.rollup import find_drifted_usage

if TYPE_CHECKING:
    from usertokens.types import UsageReport

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("midday")]
ACTIONS = {"image": 3, "gpt:input": "2/1000", "gpt:output": "7/900", "tiny": "1/1000000"}
Sums = Counter[tuple[str, str]]


def figures(report: UsageReport) -> Sums:
    """(action, "count" | "quantity" | "spent") → the figure, without zeros."""
    found = Sums()
    for one in report.actions:
        found += Sums({(one.action, name): getattr(one, name) for name in ("count", "quantity", "spent")})
    return found


def use(user_id: str, rng: Random) -> Sums:
    """Do something; what the call answered."""
    action = rng.choice(list(ACTIONS))
    quantity = rng.randrange(1, 6 if action == "image" else 3000)
    kind = rng.randrange(6)
    if kind < 3:
        named, units = (action, quantity) if kind == 2 else ("", 1)
        if kind == 0:
            spent = balances.spend_tokens(user_id, quantity % 9 + 1).amount
        elif kind == 1:
            spent = balances.record_generation(user_id, 2).movement.amount
        else:
            spent = balances.spend_tokens(user_id, action=action, quantity=quantity).amount
        return Sums({(named, "count"): 1, (named, "quantity"): units, (named, "spent"): spent})
    if kind == 3:
        held = holds.hold_tokens(user_id, 5, ttl_seconds=60)
        spent = holds.capture_hold(user_id, held.id, rng.choice([1, 5, 8])).amount
        return Sums({("", "count"): 1, ("", "quantity"): 1, ("", "spent"): spent})
    held = holds.hold_tokens(user_id, action=action, quantity=quantity, ttl_seconds=60)
    if kind == 4:
        holds.release_hold(user_id, held.id)
        return Sums()
    really = rng.choice([1, quantity, quantity * 2])
    spent = holds.capture_hold(user_id, held.id, quantity=really).amount
    return Sums({(action, "count"): 1, (action, "quantity"): really, (action, "spent"): spent})


@pytest.mark.parametrize("seed", range(4))
def test_usage_is_the_sum_of_what_was_answered(ada: str, bob: str, settings: Any, seed: int) -> None:
    settings.TOKEN_ACTIONS = dict(ACTIONS)
    rng, said = Random(seed), {ada: Sums(), bob: Sums()}
    for user_id in said:
        balances.add_tokens(user_id, 100_000, reason="for the test")
    for step in range(120):
        user_id = rng.choice((ada, bob))
        said[user_id] += use(user_id, rng)
        if rng.random() < 0.1:
            walk()
        if rng.random() < 0.05:
            journal.archive_journal(user_id, older_than=None)
        if step % 20 == 0:
            assert {one: figures(read_usage(one, 1)) for one in said} == said
            assert figures(read_site_usage(1)) == said[ada] + said[bob]
    walk()
    rolled = {action: sums for (_day, action), sums in site_of_users().items()}
    assert rolled == {one.action: (one.count, one.quantity, one.spent) for one in read_site_usage(1).actions}
    assert [report.problems for report in check_ledgers([ada, bob])] == [(), ()]
    assert find_drifted_usage([ada, bob]) == []
    assert directory.spent_on(read_site_usage(1).last) == read_site_usage(1).total
