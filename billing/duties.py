"""Background work of the app: see kv.duties."""

from billing.services.inbox import DUTY
from billing.services.work import work_inbox
from kv.duties import Duty

DUTIES = (Duty(DUTY, every=5, lease=60, run=work_inbox, wakes=True),)
