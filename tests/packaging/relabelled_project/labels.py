"""Somebody else's project has apps of its own with the labels of ours, so ours get others here."""

from billing.apps import BillingConfig
from codetags.apps import CodeTagsConfig
from stats.apps import StatsConfig
from usertokens.apps import UserTokensConfig


class OurStats(StatsConfig):
    label = "visits"


class OurUsertokens(UserTokensConfig):
    label = "ledger"


class OurCodetags(CodeTagsConfig):
    label = "campaigns"


class OurBilling(BillingConfig):
    label = "sales"
