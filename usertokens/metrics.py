"""The app's part of /metrics: see kv.monitoring.collectors."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from kv.monitoring.collectors import DATABASE, PREFIX, Collector
from kv.times import utc_now
from usertokens.services.mails import count_mails, oldest_waiting
from usertokens.services.usage import sum_usage
from usertokens.types import MailState


def collect_mails() -> Iterator[Metric]:
    """Mails by state, and how long the oldest has waited."""
    counts = count_mails()
    mails = GaugeMetricFamily(f"{PREFIX}_mails", "Mails to users by state.", labels=["state"])
    for state in MailState:
        mails.add_metric([state.value], counts.get(state.value, 0))
    yield mails
    oldest = oldest_waiting()
    age = (utc_now() - oldest).total_seconds() if oldest else 0.0
    yield GaugeMetricFamily(f"{PREFIX}_mails_oldest_age_seconds", "Age of the oldest waiting mail.", value=max(age, 0))


def collect_usage() -> Iterator[Metric]:
    """What all users have used by action ("" where none was named), as far as the worker has added it up."""
    uses = CounterMetricFamily(f"{PREFIX}_token_uses", "Spends and captures.", labels=["action"])
    units = CounterMetricFamily(f"{PREFIX}_token_units", "Units of actions.", labels=["action"])
    spent = CounterMetricFamily(f"{PREFIX}_tokens_spent", "Tokens spent.", labels=["action"])
    for action, count, quantity, tokens in sum_usage():
        uses.add_metric([action], count)
        units.add_metric([action], quantity)
        spent.add_metric([action], tokens)
    yield from (uses, units, spent)


COLLECTORS = (Collector("mails", (DATABASE,), collect_mails), Collector("usage", (DATABASE,), collect_usage))
