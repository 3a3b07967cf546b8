"""Celery, with a broker of files: nothing to install."""

import os
from pathlib import Path

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
queue = Path(__file__).resolve().parents[1] / "queue"
queue.mkdir(exist_ok=True)

app = Celery("config")
app.conf.broker_url = "filesystem://"
app.conf.broker_transport_options = {"data_folder_in": str(queue), "data_folder_out": str(queue)}
app.conf.task_ignore_result = True
app.autodiscover_tasks(["shop"])
