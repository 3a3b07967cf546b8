"""Background work of the app: see kv.work.duties."""

from billing.services.auto_work import WALK, work_automatic
from billing.services.directory import DIRECTORY
from billing.services.inbox import DUTY, tidy_inbox
from billing.services.revenue_readings import read_revenue
from billing.services.work import work_inbox
from kv.work.duties import Duty

DUTIES = (
    Duty(DUTY, every=5, lease=60, run=work_inbox, wakes=True),
    Duty("billing_automatic", every=5, lease=120, run=work_automatic),
    Duty("billing_automatic_walk", every=600, lease=120, run=WALK.step),
    Duty("billing_directory", every=300, lease=60, run=DIRECTORY.step),
    Duty("billing_revenue", every=600, lease=120, run=read_revenue),
    Duty("billing_tidy", every=86400, lease=60, run=tidy_inbox),
)
