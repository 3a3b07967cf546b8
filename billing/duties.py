"""Background work of the app: see kv.work.duties."""

from billing.services.inbox import DUTY, tidy_inbox
from billing.services.work import work_inbox
from kv.work.duties import Duty

DUTIES = (
    Duty(DUTY, every=5, lease=60, run=work_inbox, wakes=True),
    Duty("billing_tidy", every=86400, lease=60, run=tidy_inbox),
)
